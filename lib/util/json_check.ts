/**
 * Checks whether bytes are JSON, without building values.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import { describePlace, invalidUtf8At } from "./text_place.ts";

/** Number of bytes to check before other work gets a turn. */
const SLICE_BYTES = 1024 * 1024;
/** Deepest nesting: readers in other languages fail earlier. */
const MAX_DEPTH = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A number as RFC 8259 defines it. The string has only characters of numbers and words. */
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
/** Longest number or word. */
const MAX_SCALAR_BYTES = 4096;
const HEX = /^[0-9a-fA-F]{4}$/;

/** Token that may follow. */
type Expected = "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "comma-or-end" | "nothing";

/**
 * Does the same as {@linkcode jsonProblem}, synchronously, for a short string.
 *
 * @param text The string.
 * @returns The problem, with its line and column; `undefined` if the string is JSON.
 */
export function jsonTextProblem(text: string): string | undefined {
  const bytes = new TextEncoder().encode(text);
  const check = new JsonCheck(bytes);
  check.advance(bytes.length);
  return check.end();
}

/**
 * Checks that bytes are one JSON value (RFC 8259) in UTF-8, nested at most 1000 levels deep. A parser would need several
 * times as much memory as the bytes themselves, and would block all other work.
 *
 * @param bytes The bytes.
 * @returns The problem with its line and column, without any content; `undefined` if the bytes are JSON.
 */
export async function jsonProblem(bytes: Uint8Array): Promise<string | undefined> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const check = new JsonCheck(bytes);
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const end = Math.min(bytes.length, at + SLICE_BYTES);
    try {
      utf8.decode(bytes.subarray(at, end), { stream: end < bytes.length });
    } catch {
      return `it is not UTF-8 (${describePlace(bytes, invalidUtf8At(bytes) ?? at, "byte")})`;
    }
    if (!check.advance(end)) break;
    if (end < bytes.length) await setImmediate();
  }
  return check.end();
}

/** Scans the bytes. Its memory grows only with the nesting. */
class JsonCheck {
  readonly #bytes: Uint8Array;
  /** The open brackets: true for an object. */
  readonly #open: boolean[] = [];
  #expected: Expected = "value";
  #at = 0;
  #problem: string | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Scans at least up to a position; a string may end after it. @returns Whether everything was right. */
  advance(end: number): boolean {
    while (this.#at < end && this.#problem === undefined) this.#step();
    return this.#problem === undefined;
  }

  end(): string | undefined {
    if (this.#problem === undefined && this.#expected !== "nothing") this.#fail("it ends too early");
    return this.#problem;
  }

  #step(): void {
    const byte = this.#bytes[this.#at]!;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return void this.#at++;
    const expected = this.#expected;
    switch (byte) {
      case QUOTE:
        if (expected === "key" || expected === "key-or-end") return this.#string("colon");
        return this.#isValueExpected()
          ? this.#string(this.#afterValue())
          : this.#fail("a string is out of place");
      case 0x7b: // {
        return this.#openBracket(true, "key-or-end");
      case 0x5b: // [
        return this.#openBracket(false, "value-or-end");
      case 0x7d: // }
        return this.#closeBracket(true, expected === "key-or-end" || expected === "comma-or-end");
      case 0x5d: // ]
        return this.#closeBracket(false, expected === "value-or-end" || expected === "comma-or-end");
      case 0x3a: // :
        if (expected !== "colon") return this.#fail("a colon is out of place");
        this.#expected = "value";
        return void this.#at++;
      case 0x2c: // ,
        if (expected !== "comma-or-end") return this.#fail("a comma is out of place");
        this.#expected = this.#open.at(-1) ? "key" : "value";
        return void this.#at++;
      default:
        return this.#isValueExpected() ? this.#scalar() : this.#fail("something is out of place");
    }
  }

  #isValueExpected(): boolean {
    return this.#expected === "value" || this.#expected === "value-or-end";
  }

  #afterValue(): Expected {
    return this.#open.length === 0 ? "nothing" : "comma-or-end";
  }

  #openBracket(isObject: boolean, expected: Expected): void {
    if (!this.#isValueExpected()) return this.#fail("a bracket is out of place");
    if (this.#open.length >= MAX_DEPTH) return this.#fail(`it is nested more than ${MAX_DEPTH} levels deep`);
    this.#open.push(isObject);
    this.#expected = expected;
    this.#at++;
  }

  #closeBracket(isObject: boolean, isEndExpected: boolean): void {
    if (!isEndExpected || this.#open.pop() !== isObject) return this.#fail("a bracket is out of place");
    this.#expected = this.#afterValue();
    this.#at++;
  }

  #string(after: Expected): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (; at < bytes.length && bytes[at] !== QUOTE; at++) {
      const byte = bytes[at]!;
      if (byte < 0x20) return this.#fail("a string holds a control character");
      if (byte !== BACKSLASH) continue;
      at++;
      const escaped = String.fromCharCode(bytes[at] ?? 0);
      if (escaped === "u") {
        if (!HEX.test(String.fromCharCode(...bytes.subarray(at + 1, at + 5)))) {
          return this.#fail("a string holds an unknown escape");
        }
        at += 4;
      } else if (!'"\\/bfnrt'.includes(escaped)) return this.#fail("a string holds an unknown escape");
    }
    if (at >= bytes.length) return this.#fail("a string has no end");
    this.#at = at + 1;
    this.#expected = after;
  }

  #scalar(): void {
    const bytes = this.#bytes;
    let end = this.#at;
    while (end < bytes.length && isScalarByte(bytes[end]!) && end - this.#at <= MAX_SCALAR_BYTES) end++;
    if (!SCALAR.test(String.fromCharCode(...bytes.subarray(this.#at, end)))) {
      return this.#fail("a value is none of JSON's");
    }
    this.#at = end;
    this.#expected = this.#afterValue();
  }

  #fail(what: string): void {
    this.#problem = `${what} (${describePlace(this.#bytes, this.#at, "column")})`;
  }
}

/** Letters, digits, `+`, `-` and `.`. */
function isScalarByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b || byte === 0x2d || byte === 0x2e;
}
