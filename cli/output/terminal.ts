/**
 * What the commands print to.
 *
 * @module
 */

import { stripVTControlCharacters, styleText } from "node:util";

/** Control characters but tab and line feed; marks and overrides of the direction of writing. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A colour or weight. */
export type Style = "cyan" | "magenta" | "yellow" | "green" | "blue" | "red" | "bold" | "dim";

/** Where text goes, and whether it may be coloured or overwritten. */
export interface Terminal {
  /** Prints a line of output. */
  out(line: string): void;
  /** Prints a line about what is being done. */
  note(line: string): void;
  /** Replaces the last transient line; an empty one removes it. Does nothing where lines cannot be replaced. */
  transient(line: string): void;
  /** Colours a text, where colours are wanted. */
  paint(style: Style, text: string): string;
  /** Whether lines can be replaced. */
  readonly interactive: boolean;
  /** Whether output is shown on a screen, and not read by a program or kept in a file. */
  readonly isScreen: boolean;
  /** Whether nobody reads the output any more, as with `| head`. */
  readonly isClosed: boolean;
}

/** Options of {@linkcode createTerminal}. */
export interface TerminalOptions {
  /** Whether colours are wanted. */
  readonly color: boolean;
  /** Whether standard error is a terminal. */
  readonly interactive: boolean;
  /** Whether standard output is a terminal. */
  readonly isScreen: boolean;
}

/** The terminal of this process: output to standard output, notes to standard error. */
export function createTerminal({ color, interactive, isScreen }: TerminalOptions): Terminal {
  let pending = false;
  let isClosed = false;
  const clear = () => {
    if (pending) write(Deno.stderr, "\r\x1b[2K");
    pending = false;
  };
  return {
    interactive,
    isScreen,
    get isClosed() {
      return isClosed;
    },
    out(line) {
      clear();
      if (!write(Deno.stdout, `${line}\n`)) isClosed = true;
    },
    note(line) {
      clear();
      write(Deno.stderr, `${line}\n`);
    },
    transient(line) {
      if (!interactive) return;
      clear();
      write(Deno.stderr, line);
      pending = line !== "";
    },
    paint: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
  };
}

/**
 * Makes a bot's text safe to print: without the control characters by which it could rewrite the screen, and
 * those by which it could change the order of what is shown.
 *
 * @param text One line.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, "");
}

/** @returns False when the reader of a pipe has gone: there is nobody left to tell. */
function write(stream: typeof Deno.stdout, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    return false;
  }
}
