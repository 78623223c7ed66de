/**
 * Reads a file at any position through one buffer.
 *
 * @module
 */

const WINDOW_BYTES = 256 * 1024;

/** A file that is read in pieces, at any position. Reads in ascending order read each byte of the file about once. */
export class FileWindow implements Disposable {
  /** Size of the file when it was opened, in bytes. */
  readonly size: number;
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  /**
   * Opens a file.
   *
   * @param path Path of the file.
   * @throws {Error} If the file is missing, or not a regular file.
   */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { read: true });
    const info = this.#file.statSync();
    this.size = info.size;
    if (!info.isFile) {
      this.#file.close();
      throw new Deno.errors.InvalidData("it is not a regular file");
    }
  }

  /**
   * Reads bytes.
   *
   * @param position Position of the first byte.
   * @param length Number of bytes, at most 256 KiB.
   * @returns The bytes, which stay valid until the next call. There are fewer only at the end of the file.
   */
  read(position: number, length: number): Uint8Array {
    const end = position + length;
    if (position < this.#start || end > this.#start + this.#length) this.#fill(position);
    const from = position - this.#start;
    return this.#buffer.subarray(from, Math.min(from + length, this.#length));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #fill(position: number): void {
    this.#file.seekSync(position, Deno.SeekMode.Start);
    this.#start = position;
    this.#length = 0;
    while (this.#length < WINDOW_BYTES) {
      const count = this.#file.readSync(this.#buffer.subarray(this.#length));
      if (count === null) break;
      this.#length += count;
    }
  }
}
