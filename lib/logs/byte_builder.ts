/**
 * Bytes that grow at their end.
 *
 * @module
 */

const FIRST_BYTES = 4096;

/** Collects bytes. */
export class ByteBuilder {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  /**
   * @param expected How many there will be: more are taken, too. @default {few}
   * @param memory Memory to write them to, as far as it goes. @default {new}
   */
  constructor(expected: number = FIRST_BYTES, memory?: ArrayBuffer) {
    this.#buffer = memory ? new Uint8Array(memory) : new Uint8Array(Math.max(FIRST_BYTES, expected));
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** The bytes, as long as nothing is added. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds bytes. @param bytes What to add. */
  add(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds a text of ASCII characters, or a part of it. @param text The text. @param from Its begin. @param to Its end. */
  addAscii(text: string, from = 0, to: number = text.length): void {
    this.#reserve(to - from);
    for (let i = from; i < to; i++) this.#buffer[this.#length++] = text.charCodeAt(i);
  }

  /** Forgets what was added last. @param length How many bytes stay. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    // What was there goes at once, and is not left to the collector of garbage.
    const length = Math.max(this.#buffer.length * 2, this.#length + more);
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(length));
  }
}
