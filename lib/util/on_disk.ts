/**
 * Work on archives and private folders.
 *
 * @module
 */

import { archiveIoError } from "./archive_io_error.ts";
import { BerthError } from "../errors.ts";

/**
 * Calls a function that works on files; what the file system says becomes an error for people.
 *
 * @param action What it does, for example `write '/tmp/x'`.
 * @param work The function.
 * @returns What it returns.
 * @throws {BerthError} `archive/io`, with the file system's own error as its cause.
 */
export async function onDisk<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw archiveIoError(action, error);
  }
}
