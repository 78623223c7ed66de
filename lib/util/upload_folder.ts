/**
 * The folder in which files are written before they are renamed.
 *
 * @module
 */

import { join } from "node:path";
import { unlessMissing } from "./files.ts";

/** Age at which a file counts as left by a dead process, in ms. */
const ABANDONED_MS = 60 * 60 * 1000;

/** A folder of unfinished files. Several processes may share it. */
export class UploadFolder {
  /** Path of the folder. */
  readonly path: string;
  readonly #clock: () => number;
  #isSwept = false;

  /** @param path Path of the folder. @param clock Clock, in ms since 1970. */
  constructor(path: string, clock: () => number) {
    this.path = path;
    this.#clock = clock;
  }

  /** Creates the folder if needed; the first call also removes files that dead processes left behind. */
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

  /** Returns the path of a new file. */
  newPath(): string {
    return join(this.path, crypto.randomUUID());
  }
}
