/**
 * Prints the output of commands.
 *
 * @module
 */

import { stripVTControlCharacters, styleText } from "node:util";

/** Control characters except tab and line feed, and marks that change the writing direction. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A colour or weight. */
export type Style = "cyan" | "magenta" | "yellow" | "green" | "blue" | "red" | "bold" | "dim";

/** Where output goes, and whether it may be coloured or replaced. */
export interface Terminal {
  /** Prints a line of output. */
  out(line: string): void;
  /** Prints a line about the work in progress. */
  note(line: string): void;
  /** Replaces the last transient line; an empty one removes it. Does nothing if lines cannot be replaced. */
  transient(line: string): void;
  /** Colours a string, if colours are enabled. */
  paint(style: Style, text: string): string;
  /** Whether lines can be replaced. */
  readonly interactive: boolean;
  /** Whether output goes to a screen, and not to a program or a file. */
  readonly isScreen: boolean;
  /** Width of the screen in characters; absent if output does not go to one. */
  readonly columns?: number | undefined;
  /** Whether the reader of the output is gone, as with `| head`. */
  readonly isClosed: boolean;
}

/** Options of {@linkcode createTerminal}. */
export interface TerminalOptions {
  /** Whether to use colours. */
  readonly color: boolean;
  /** Whether standard error is a terminal. */
  readonly interactive: boolean;
  /** Whether standard output is a terminal. */
  readonly isScreen: boolean;
}

/**
 * Creates the terminal of this process: output goes to standard output, notes to standard error.
 *
 * @param options The capabilities of the terminal.
 */
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
    get columns() {
      return isScreen ? screenWidth() : undefined;
    },
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

function screenWidth(): number | undefined {
  try {
    return Deno.consoleSize().columns || undefined;
  } catch {
    // A screen that does not tell its size.
    return undefined;
  }
}

/**
 * Makes a bot's output safe to print: removes control characters, which could rewrite the screen, and
 * direction marks, which could reorder it.
 *
 * @param text One line.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNSAFE, "");
}

/** Returns `false` if the reader of a pipe is gone. */
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
