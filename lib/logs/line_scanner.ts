/**
 * Finds lines in the bytes of a stored log. Bytes are searched first: a line that cannot match is not parsed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import { LineMatcher, type LinePattern } from "./line_matcher.ts";
import type { ReadLogsOptions } from "./log_reader.ts";
import { isInRange } from "./log_store_reader.ts";

/** Which lines to find. */
export interface LineQuery extends LinePattern, Pick<ReadLogsOptions, "since" | "until"> {}

/** A line that was found. */
export interface FoundLine extends StoredLogLine {
  /** Position after the line in the log, in bytes. */
  readonly end: number;
}

/** Result of {@linkcode LineScanner.scan}. */
export interface ScanResult {
  /** The lines that were found. */
  readonly found: readonly FoundLine[];
  /** Position up to which the log is searched, in bytes: the end of a line. */
  readonly searched: number;
}

/** A longer line is not a bot's, and is left out. */
const MAX_LINE_BYTES = 16 * 1024 ** 2;
const LINE_FEED = 0x0a;
/** Length of the sample that shows which characters are rare, and of the part to search for, in characters. */
const SAMPLE_LENGTH = 4096;
const PART_LENGTH = 6;
/** An escape sequence that Berth does not write, but another program may, for a character that needs none. */
const UNUSUAL_ESCAPE = /\\(?:u(?!00[01])|\/)/g;
const ANY_ESCAPE = /\\[u/]/g;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f]/;
// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\x00-\x7f]/;
const PLAIN_LINE =
  /^\{"timestamp":"[^"\\]+","stream":"[a-z]+",(?:"level":"[a-z]+",)?"message":"([^"\\]*)"\}$/;

/** Searches one log, piece by piece. */
export class LineScanner {
  readonly #query: LineQuery;
  readonly #matcher: LineMatcher;
  /** Strings as bytes; a matching line contains at least one of them; `undefined` if any line may match. */
  readonly #needles: readonly string[] | undefined;
  readonly #escape: RegExp;
  #rest: Uint8Array = new Uint8Array();
  #isSkipping = false;
  #position: number;

  /**
   * @param offset Position of the first byte in the log.
   * @throws {InvalidPatternError} If the expression is not accepted.
   */
  constructor(query: LineQuery, offset: number = 0) {
    this.#query = query;
    this.#position = offset;
    this.#matcher = new LineMatcher(query);
    this.#needles = needlesOf(this.#matcher.literal);
    this.#escape = CONTROL.test(this.#matcher.literal ?? "") ? ANY_ESCAPE : UNUSUAL_ESCAPE;
  }

  /** Searches the next bytes. @param isLast Whether the log ends with them. */
  scan(bytes: Uint8Array, isLast: boolean): ScanResult {
    const found: FoundLine[] = [];
    const first = bytes.indexOf(LINE_FEED) + 1;
    if (first === 0) {
      this.#keep(bytes);
    } else {
      // The line that the piece before has begun.
      const begun = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes.subarray(0, first)]) : undefined;
      const whole = bytes.subarray(begun || this.#isSkipping ? first : 0, bytes.lastIndexOf(LINE_FEED) + 1);
      if (this.#isSkipping) this.#position += first;
      this.#rest = new Uint8Array();
      this.#isSkipping = false;
      if (begun) this.#search(begun, found);
      this.#search(whole, found);
      this.#keep(bytes.subarray(bytes.lastIndexOf(LINE_FEED) + 1));
    }
    if (isLast && this.#rest.length > 0) this.#search(this.#rest, found);
    return { found, searched: this.#position };
  }

  #keep(bytes: Uint8Array): void {
    if (this.#isSkipping || this.#rest.length + bytes.length > MAX_LINE_BYTES) {
      this.#position += this.#rest.length + bytes.length;
      this.#rest = new Uint8Array();
      this.#isSkipping = true;
    } else this.#rest = Buffer.concat([this.#rest, bytes]);
  }

  /** Searches whole lines. */
  #search(bytes: Uint8Array, found: FoundLine[]): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const raw = buffer.toString("latin1");
    const add = (start: number, end: number) => {
      const line = parseStoredLine(buffer.toString("utf8", start, end));
      if (!line || !isInRange(line, this.#query) || !this.#matcher.matches(line.text)) return;
      found.push({ ...line, end: this.#position + end + 1 });
    };
    if (this.#needles) this.#searchNeedles(raw, this.#needles, add);
    else this.#searchAll(raw, add);
    this.#position += bytes.length;
  }

  #searchNeedles(raw: string, needles: readonly string[], add: (start: number, end: number) => void): void {
    const finders = needles.map((needle) => finderOf(needle, raw));
    if (raw.includes("\\u") || raw.includes("\\/")) {
      finders.push((from) => {
        this.#escape.lastIndex = from;
        return this.#escape.exec(raw)?.index ?? -1;
      });
    }
    const next = finders.map((find) => find(0));
    while (true) {
      let at = -1;
      for (const index of next) if (index !== -1 && (at === -1 || index < at)) at = index;
      if (at === -1) return;
      const start = at === 0 ? 0 : raw.lastIndexOf("\n", at - 1) + 1;
      const end = endOfLine(raw, at);
      add(start, end);
      for (let i = 0; i < next.length; i++) {
        if (next[i] !== -1 && next[i]! <= end) next[i] = finders[i]!(end + 1);
      }
    }
  }

  #searchAll(raw: string, add: (start: number, end: number) => void): void {
    const isAscii = !BEYOND_ASCII.test(raw);
    for (let start = 0; start < raw.length;) {
      const end = endOfLine(raw, start);
      // Most lines are plain ones, which need no parsing to see that they do not match.
      const text = isAscii ? PLAIN_LINE.exec(raw.slice(start, end))?.[1] : undefined;
      if (text === undefined || this.#matcher.matches(text)) add(start, end);
      start = end + 1;
    }
  }
}

/** The forms of a string in a stored line: as it is, and as part of a JSON string. */
function needlesOf(literal: string | undefined): string[] | undefined {
  // The replacement character may stand for any invalid byte.
  if (literal === undefined || literal.includes("\ufffd")) return undefined;
  // Something may stand between the opening brace of an object and the rest of it.
  const text = literal.startsWith("{") ? literal.slice(1) : literal;
  if (text === "") return undefined;
  const forms = new Set([text, JSON.stringify(text).slice(1, -1)]);
  return [...forms].map((form) => Buffer.from(form, "utf8").toString("latin1"));
}

/**
 * Makes a function that finds a string. Searching for a short part of it that begins with a rare character is several
 * times as fast as searching for all of it.
 */
function finderOf(needle: string, raw: string): (from: number) => number {
  const counts = new Uint32Array(256);
  for (let i = 0; i < Math.min(raw.length, SAMPLE_LENGTH); i++) counts[raw.charCodeAt(i)]!++;
  let rare = 0;
  for (let i = 1; i < needle.length - 1; i++) {
    if (counts[needle.charCodeAt(i)]! < counts[needle.charCodeAt(rare)]!) rare = i;
  }
  const part = needle.slice(rare, rare + PART_LENGTH);
  return (from) => {
    for (let at = from + rare;; at++) {
      at = raw.indexOf(part, at);
      if (at === -1 || raw.startsWith(needle, at - rare)) return at === -1 ? -1 : at - rare;
    }
  };
}

function endOfLine(raw: string, from: number): number {
  const end = raw.indexOf("\n", from);
  return end === -1 ? raw.length : end;
}
