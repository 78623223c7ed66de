/**
 * A text file that a person edits while Berth runs.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../errors.ts";
import { unlessMissing } from "./files.ts";
import { fileVersion } from "./file_version.ts";

/** Largest file, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** The content of a file: a string, nothing because there is no file, or the reason why it cannot be read. */
export type FileReading = { readonly text: string | undefined } | { readonly problem: string };

/** Reads a file again when it has changed. */
export class ChangingFile {
  /** Absolute path of the file. */
  readonly path: string;
  #version: string | undefined;
  #last: FileReading | undefined;

  /** @param path Absolute path of the file. It need not exist. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Reads the file if it has changed. Never rejects.
   *
   * @returns Its content now; `undefined` if that is the same as at the last call.
   */
  async read(): Promise<FileReading | undefined> {
    const reading = await this.#readChanged();
    if (!reading || isDeepStrictEqual(reading, this.#last)) return undefined;
    return this.#last = reading;
  }

  async #readChanged(): Promise<FileReading | undefined> {
    try {
      const info = await unlessMissing(Deno.stat(this.path));
      const version = fileVersion(info);
      if (version === this.#version) return undefined;
      this.#version = version;
      if (!info) return { text: undefined };
      // Opening a FIFO would wait for its writer.
      if (!info.isFile) return { problem: "it is not a regular file" };
      if (info.size > MAX_BYTES) return { problem: "it has more than 1 MiB" };
      return { text: await Deno.readTextFile(this.path) };
    } catch (error) {
      // The cause may go away while the file stays the same.
      this.#version = undefined;
      return { problem: `it cannot be read: ${messageOf(error)}` };
    }
  }
}
