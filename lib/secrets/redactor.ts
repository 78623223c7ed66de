/**
 * Replaces the values of secrets in what a bot prints.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { lineForms, MIN_SECRET_CHARACTERS, secretForms } from "./secret_forms.ts";

/** The replacement of a value. */
export const MASK = "***";

/** A part of a value at the edge of a line counts from this length on, in bytes, or from half of the value. */
const MIN_PART_BYTES = 8;
/** The shortest part that counts: half of the shortest value. */
const QUAD_BYTES = MIN_SECRET_CHARACTERS / 2;
const MASK_BYTES = Buffer.from(MASK);

/** Replaces values in bytes and strings. */
export interface Redactor {
  /**
   * Replaces values in a line. A long line is stored in pieces, so a part of a value at the edge of a line counts as the
   * value if it has half of its length or 8 bytes.
   *
   * @param line The line, without its end.
   * @returns The same bytes if there is no value in them.
   */
  redactLine(line: Uint8Array): Uint8Array;
  /**
   * Replaces values in any bytes.
   *
   * @param bytes The bytes.
   * @returns The same bytes if there is no value in them.
   */
  redact(bytes: Uint8Array): Uint8Array;
}

/** Replaces given values, in all forms of `secretForms`. One pass over the bytes, however many values there are. */
export class ValueRedactor implements Redactor {
  /** By the first two bytes; the longest first. */
  readonly #byStart = new Map<number, Uint8Array[]>();
  /** One entry for each pair of bytes, so that a pair that begins no form costs one look. */
  readonly #isStart = new Uint8Array(0x10000);
  /** Forms that a line may begin or end in the middle of. */
  readonly #edges: readonly Uint8Array[];
  /** Every four bytes in a row of these forms: nearly no other line begins or ends with any of them. */
  readonly #quads = new Set<number>();

  /** @param values The values. Those of fewer than 8 characters are left alone. */
  constructor(values: Iterable<string>) {
    const all = [...values];
    this.#edges = toBytes(all.flatMap(lineForms));
    for (const edge of this.#edges) {
      for (let at = 0; at + QUAD_BYTES <= edge.length; at++) this.#quads.add(quadAt(edge, at));
    }
    for (const form of toBytes(all.flatMap(secretForms))) {
      const start = pairAt(form, 0);
      this.#isStart[start] = 1;
      this.#byStart.set(start, [...this.#byStart.get(start) ?? [], form]);
    }
  }

  /** Whether there is nothing to replace. */
  get isEmpty(): boolean {
    return this.#byStart.size === 0;
  }

  /** {@inheritDoc Redactor.redactLine} */
  redactLine(line: Uint8Array): Uint8Array {
    const begin = this.#partAtBegin(line);
    const end = this.#partAtEnd(line);
    return this.#replace(line, begin, end);
  }

  /** {@inheritDoc Redactor.redact} */
  redact(bytes: Uint8Array): Uint8Array {
    return this.#replace(bytes, 0, bytes.length);
  }

  /** Also replaces everything before `begin` and from `end` on. */
  #replace(bytes: Uint8Array, begin: number, end: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    /** Up to where the bytes are replaced, and up to where they are copied. */
    let hidden = begin;
    let copied = 0;
    if (begin > 0) {
      pieces.push(MASK_BYTES);
      copied = begin;
    }
    const last = bytes.length - 1;
    for (let at = 0; at < last; at++) {
      if (this.#isStart[(bytes[at]! << 8) | bytes[at + 1]!] === 0) continue;
      const length = this.#lengthAt(bytes, at);
      if (length === 0) continue;
      // Overlapping values become one mask.
      if (at >= hidden) pieces.push(bytes.subarray(copied, at), MASK_BYTES);
      hidden = Math.max(hidden, at + length);
      copied = hidden;
    }
    if (end < bytes.length && end >= hidden) pieces.push(bytes.subarray(copied, end), MASK_BYTES);
    else if (pieces.length === 0) return bytes;
    else if (end >= bytes.length) pieces.push(bytes.subarray(copied));
    return Buffer.concat(pieces);
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    for (const form of this.#byStart.get(pairAt(bytes, at))!) {
      if (hasAt(bytes, at, form, 0, form.length)) return form.length;
    }
    return 0;
  }

  /** Length of the longest end of a form with which the line begins, or 0. */
  #partAtBegin(line: Uint8Array): number {
    if (line.length < QUAD_BYTES || !this.#quads.has(quadAt(line, 0))) return 0;
    let longest = 0;
    for (const form of this.#edges) {
      const most = Math.min(form.length - 1, line.length);
      for (let length = most; length >= minPart(form) && length > longest; length--) {
        if (hasAt(line, 0, form, form.length - length, length)) longest = length;
      }
    }
    return longest;
  }

  /**
   * Where the line's end begins that is the beginning of a form, the longest one; the line's length if there is none.
   */
  #partAtEnd(line: Uint8Array): number {
    if (line.length < QUAD_BYTES || !this.#quads.has(quadAt(line, line.length - QUAD_BYTES))) {
      return line.length;
    }
    let longest = 0;
    for (const form of this.#edges) {
      const most = Math.min(form.length - 1, line.length);
      for (let length = most; length >= minPart(form) && length > longest; length--) {
        if (hasAt(line, line.length - length, form, 0, length)) longest = length;
      }
    }
    return line.length - longest;
  }
}

/** Replaces everything: for output that may hold values that nobody knows any more. */
export class BlankRedactor implements Redactor {
  readonly #text: Uint8Array;

  /** @param reason Why, for the reader of the log. */
  constructor(reason: string) {
    this.#text = new TextEncoder().encode(`${MASK} (${reason})`);
  }

  /** {@inheritDoc Redactor.redactLine} */
  redactLine(line: Uint8Array): Uint8Array {
    return line.length === 0 ? line : this.#text;
  }

  /** {@inheritDoc Redactor.redact} */
  redact(): Uint8Array {
    return this.#text;
  }
}

/** Encodes the forms, the longest first. */
function toBytes(forms: readonly string[]): Uint8Array[] {
  return [...new Set(forms)].map((form) => Buffer.from(form)).sort((a, b) => b.length - a.length);
}

function minPart({ length }: Uint8Array): number {
  return Math.min(MIN_PART_BYTES, Math.ceil(length / 2));
}

function quadAt(bytes: Uint8Array, at: number): number {
  return (pairAt(bytes, at) << 16) | pairAt(bytes, at + 2);
}

function pairAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function hasAt(bytes: Uint8Array, at: number, form: Uint8Array, from: number, length: number): boolean {
  if (at + length > bytes.length) return false;
  for (let index = 0; index < length; index++) {
    if (bytes[at + index] !== form[from + index]) return false;
  }
  return true;
}
