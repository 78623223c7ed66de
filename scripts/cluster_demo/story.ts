/**
 * How the demo of a cluster tells what happens.
 *
 * @module
 */

import { printable, type Terminal } from "../../cli/output/terminal.ts";

const WIDTH = 8;

/** Prints lines with the time at which they came. */
export class Story {
  readonly #terminal: Terminal;
  #start = performance.now();
  #sign = "";

  /** @param terminal Where to print. */
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Counts the time from now on. */
  restart(): void {
    this.#start = performance.now();
    this.#sign = "+";
  }

  /** Says what happens now. @param text One line. */
  tell(text: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1);
    const time = `${this.#sign}${seconds} s`.padStart(WIDTH);
    this.#terminal.out(`${this.#terminal.paint("dim", time)}  ${printable(text)}`);
  }

  /** Prints a line of the bot. @param id Its id. @param text The line. */
  quote(id: string, text: string): void {
    this.#terminal.out(
      `${" ".repeat(WIDTH)}  ${this.#terminal.paint("cyan", `${id} |`)} ${printable(text)}`,
    );
  }

  /** Prints a command and what it printed. @param command The command line. @param output Its output. */
  show(command: string, output: string): void {
    const lines = output.trimEnd().split("\n").map((line) => `${" ".repeat(WIDTH)}  ${printable(line)}`);
    this.#terminal.out([
      "",
      `${" ".repeat(WIDTH)}  ${this.#terminal.paint("bold", `$ ${command}`)}`,
      ...lines,
      "",
    ].join("\n"));
  }

  /** Prints lines as they are. @param lines The lines. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.#terminal.out(line);
  }
}
