/**
 * Bytes that grow at their end.
 *
 * @module
 */

const FIRST_BYTES = 4096;
/** What a byte becomes in a JSON string, where it does not stay as it is. */
const JSON_ESCAPES: readonly (string | undefined)[] = Array.from(
  { length: 256 },
  (_, byte) =>
    byte < 0x20 || byte === 0x22 || byte === 0x5c
      ? JSON.stringify(String.fromCharCode(byte)).slice(1, -1)
      : undefined,
);
/** 1 for a byte that may be copied into a JSON string without a look at its neighbours. */
const IS_PLAIN = Uint8Array.from(JSON_ESCAPES, (escape, byte) => escape === undefined && byte < 0x80 ? 1 : 0);
const IS_ASCII = Uint8Array.from(IS_PLAIN, (_, byte) => byte < 0x80 ? 1 : 0);
/** U+FFFD in UTF-8. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

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

  /**
   * Adds what stands between the quotes of a JSON string.
   *
   * @param text UTF-8; a byte that is not becomes U+FFFD.
   */
  addJsonText(text: Uint8Array): void {
    this.#addText(text, IS_PLAIN);
  }

  /** Adds UTF-8. @param text The bytes; one that is not UTF-8 becomes U+FFFD. */
  addUtf8(text: Uint8Array): void {
    this.#addText(text, IS_ASCII);
  }

  /** Forgets what was added last. @param length How many bytes stay. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  #addText(text: Uint8Array, isCopied: Uint8Array): void {
    this.#reserve(text.length);
    let buffer = this.#buffer;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const byte = text[i]!;
      if (isCopied[byte] === 1) {
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
    // What was there goes at once, and is not left to the collector of garbage.
    const length = Math.max(this.#buffer.length * 2, this.#length + more);
    this.#buffer = new Uint8Array(this.#buffer.buffer.transfer(length));
  }
}

/** How many bytes the UTF-8 character has that begins there, of two or more; 0 when there is none. */
function characterLength(text: Uint8Array, at: number): number {
  const first = text[at]!;
  const length = first >= 0xc2 && first <= 0xdf
    ? 2
    : first >= 0xe0 && first <= 0xef
    ? 3
    : first >= 0xf0 && first <= 0xf4
    ? 4
    : 0;
  if (length === 0 || at + length > text.length) return 0;
  for (let i = 1; i < length; i++) if ((text[at + i]! & 0xc0) !== 0x80) return 0;
  const second = text[at + 1]!;
  // Not the shortest form, half of a surrogate pair, or beyond the last character.
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}
