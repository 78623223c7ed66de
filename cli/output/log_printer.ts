/**
 * Lines of several bots, side by side.
 *
 * @module
 */

import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import { printable, type Style, type Terminal } from "./terminal.ts";

const COLOURS: readonly Style[] = ["cyan", "magenta", "yellow", "green", "blue"];

/**
 * Prints lines of bots, each with its bot's name in the bot's colour. Lines of standard error have a red bar.
 *
 * @param terminal Where to print.
 * @param names Names of all bots.
 * @returns Prints one line of one of them.
 */
export function createLogPrinter(
  terminal: Pick<Terminal, "out" | "paint">,
  names: readonly string[],
): (name: string, line: LogLine) => void {
  const width = Math.max(0, ...names.map((name) => name.length));
  return (name, { stream, text }) => {
    const colour = COLOURS[names.indexOf(name) % COLOURS.length] ?? "cyan";
    const bar = terminal.paint(stream === "stderr" ? "red" : "dim", stream === "stderr" ? "!" : "|");
    const shown = printable(text);
    // For machines; a person reads past it.
    const content = shown.startsWith('{"_metric"') ? terminal.paint("dim", shown) : shown;
    terminal.out(`${terminal.paint(colour, name.padEnd(width))} ${bar} ${content}`);
  };
}
