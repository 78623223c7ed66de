/**
 * Decides which lines somebody looks for: those that contain a string, or match a regular expression.
 *
 * The expressions are RE2's, by `re2js`: the time of a match grows with the length of the line, whatever the expression
 * is, so that none can hang the process. JavaScript's own can, and a worker that is busy with one ends late when it is terminated.
 *
 * @module
 */

import { RE2JS, RE2JSException } from "re2js";
import { BerthError } from "../errors.ts";
import { requiredLiteral } from "./required_literal.ts";

/** Which lines to look for. Both may be given. */
export interface LinePattern {
  /** The line contains this string. */
  readonly text?: string;
  /** A part of the line matches this regular expression, in RE2's syntax. */
  readonly regex?: string;
}

/** A regular expression that is not accepted. */
export class InvalidPatternError extends BerthError {
  /** @param problem Why not. @param options The cause. */
  constructor(problem: string, options?: ErrorOptions) {
    super("logs/pattern", `The regular expression cannot be used: ${problem}.`, {
      ...options,
      advice: "Use RE2's syntax: it has no look-around and no back-references. '(?i)' ignores case.",
    });
  }
}

/** Longest expression in characters, and its largest program: a line of 1 MiB takes a fraction of a second. */
const MAX_REGEX_LENGTH = 1000;
const MAX_PROGRAM_SIZE = 1000;

/** Decides which lines match a pattern. */
export class LineMatcher {
  readonly #text: string | undefined;
  readonly #regex: RE2JS | undefined;
  /** A string that every line that matches contains; `undefined` if none is known. */
  readonly literal: string | undefined;

  /** @param pattern The pattern. @throws {InvalidPatternError} If the expression is not accepted. */
  constructor({ text, regex }: LinePattern) {
    this.#text = text || undefined;
    this.#regex = regex === undefined ? undefined : compile(regex);
    this.literal = this.#text ?? (regex === undefined ? undefined : requiredLiteral(regex));
  }

  /** Tells whether a line matches. @param line The line, as it was printed. */
  matches(line: string): boolean {
    return (this.#text === undefined || line.includes(this.#text)) &&
      (this.#regex === undefined || this.#regex.test(line));
  }
}

function compile(regex: string): RE2JS {
  if (regex.length > MAX_REGEX_LENGTH) {
    throw new InvalidPatternError(
      `it has ${regex.length} characters, and at most ${MAX_REGEX_LENGTH} are allowed`,
    );
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(regex);
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    throw new InvalidPatternError(cause.message.replace(/^error parsing regexp: /, ""), { cause });
  }
  if (compiled.programSize() <= MAX_PROGRAM_SIZE) return compiled;
  throw new InvalidPatternError("it repeats too much");
}
