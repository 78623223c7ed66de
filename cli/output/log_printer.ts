/**
 * Prints the output of several bots side by side.
 *
 * @module
 */

import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import { printable, type Style, type Terminal } from "./terminal.ts";

const COLOURS: readonly Style[] = ["cyan", "magenta", "yellow", "green", "blue"];

/**
 * Creates a printer that puts a bot's name before each line, in the bot's colour. Lines of standard error get
 * a red bar.
 *
 * @param terminal Where to print.
 * @param names Names of all bots.
 * @returns A function that prints one line of a bot.
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
    // Metrics are for machines; people skip them.
    const content = shown.startsWith('{"_metric"') ? terminal.paint("dim", shown) : shown;
    terminal.out(`${terminal.paint(colour, name.padEnd(width))} ${bar} ${content}`);
  };
}
