/**
 * Bytes that grow at their end.
 *
 * @module
 */

const FIRST_BYTES = 4096;

/** Collects bytes. */
export class ByteBuilder {
  #buffer: Uint8Array;
  #length = 0;

  /** @param expected How many there will be: more are taken, too. @default {few} */
  constructor(expected: number = FIRST_BYTES) {
    this.#buffer = new Uint8Array(Math.max(FIRST_BYTES, expected));
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** The bytes, as long as nothing is added. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds bytes. @param bytes What to add. */
  add(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds a text of ASCII characters. @param text The text. */
  addAscii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#buffer[this.#length + i] = text.charCodeAt(i);
    this.#length += text.length;
  }

  /** Forgets what was added last. @param length How many bytes stay. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + more));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
