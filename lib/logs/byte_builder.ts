/**
 * Builds a sequence of bytes.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";

const FIRST_BYTES = 4096;
/** Escape sequences of bytes in a JSON string; `undefined` for a byte that stays as it is. */
const JSON_ESCAPES: readonly (string | undefined)[] = Array.from(
  { length: 256 },
  (_, byte) =>
    byte < 0x20 || byte === 0x22 || byte === 0x5c
      ? JSON.stringify(String.fromCharCode(byte)).slice(1, -1)
      : undefined,
);
/** 1 for a byte that is copied into a JSON string, whatever its neighbours are. */
const IS_PLAIN = Uint8Array.from(JSON_ESCAPES, (escape, byte) => escape === undefined && byte < 0x80 ? 1 : 0);
const IS_ASCII = Uint8Array.from(IS_PLAIN, (_, byte) => byte < 0x80 ? 1 : 0);
/** U+FFFD in UTF-8. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

/** Collects bytes in one buffer that grows. */
export class ByteBuilder {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  /**
   * @param expected Expected number of bytes; more are possible. @default {4096}
   * @param memory Buffer to use as long as it is large enough. @default {a new one}
   */
  constructor(expected: number = FIRST_BYTES, memory?: ArrayBuffer) {
    this.#buffer = memory ? new Uint8Array(memory) : new Uint8Array(Math.max(FIRST_BYTES, expected));
  }

  /** Number of bytes. */
  get length(): number {
    return this.#length;
  }

  /** The bytes; valid until the next change. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds bytes. */
  add(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Adds an ASCII string, or a part of it. @param text The string. @param from Start index. @param to End index. */
  addAscii(text: string, from = 0, to: number = text.length): void {
    this.#reserve(to - from);
    for (let i = from; i < to; i++) this.#buffer[this.#length++] = text.charCodeAt(i);
  }

  /**
   * Adds the content of a JSON string, without its quotes.
   *
   * @param text UTF-8; an invalid byte becomes U+FFFD.
   */
  addJsonText(text: Uint8Array): void {
    this.#addText(text, IS_PLAIN);
  }

  /** Adds UTF-8. @param text The bytes; an invalid one becomes U+FFFD. */
  addUtf8(text: Uint8Array): void {
    this.#addText(text, IS_ASCII);
  }

  /** Removes bytes at the end. @param length Number of bytes to keep. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  #addText(text: Uint8Array, isCopied: Uint8Array): void {
    this.#reserve(text.length);
    let buffer = this.#buffer;
    let at = this.#length;
    let isValid: boolean | undefined;
    for (let i = 0; i < text.length; i++) {
      const byte = text[i]!;
      if (isCopied[byte] === 1 || (byte >= 0x80 && (isValid ??= isUtf8(text)))) {
        buffer[at++] = byte;
        continue;
      }
      this.#length = at;
      if (byte < 0x80) this.addAscii(JSON_ESCAPES[byte]!);
      else {
        const length = characterLength(text, i);
        this.add(length === 0 ? REPLACEMENT : text.subarray(i, i + length));
        i += Math.max(0, length - 1);
      }
      this.#reserve(text.length - i);
      buffer = this.#buffer;
      at = this.#length;
    }
    this.#length = at;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    // Frees the old buffer at once instead of leaving it to garbage collection.
    const length = Math.max(this.#buffer.length * 2, this.#length + more);
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(length));
  }
}

/** Length in bytes of the multi-byte UTF-8 character at an index; 0 if it is invalid. */
function characterLength(text: Uint8Array, at: number): number {
  const first = text[at]!;
  if (first < 0xc2) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return isUtf8(text.subarray(at, at + length)) ? length : 0;
}
