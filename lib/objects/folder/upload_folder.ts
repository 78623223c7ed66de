/**
 * Where files are written before they get their places.
 *
 * @module
 */

import { join } from "node:path";
import { unlessMissing } from "../../util/files.ts";

/** A file of this age, in ms, belongs to a process that is gone. */
const ABANDONED_MS = 60 * 60 * 1000;

/** A folder of files that are being written. Several processes may share it. */
export class UploadFolder {
  /** Its path. */
  readonly path: string;
  readonly #clock: () => number;
  #isSwept = false;

  /** @param path Its path. @param clock Milliseconds since 1970. */
  constructor(path: string, clock: () => number) {
    this.path = path;
    this.#clock = clock;
  }

  /** Makes sure that it is there, and removes what processes that died left behind; once is enough. */
  async open(): Promise<void> {
    await Deno.mkdir(this.path, { recursive: true, mode: 0o700 });
    if (this.#isSwept) return;
    this.#isSwept = true;
    for await (const { name } of Deno.readDir(this.path)) {
      const path = join(this.path, name);
      const changedAt = (await unlessMissing(Deno.lstat(path)))?.mtime?.getTime() ?? Infinity;
      if (this.#clock() - changedAt > ABANDONED_MS) await unlessMissing(Deno.remove(path));
    }
  }

  /** The path of a file that is not there yet. */
  newPath(): string {
    return join(this.path, crypto.randomUUID());
  }
}
