/**
 * Prints lines of a stored log.
 *
 * @module
 */

import { formatLine, type StoredLogLine } from "../../lib/logs/line_format.ts";
import { printable, type Terminal } from "./terminal.ts";

/**
 * Creates a printer that prints exact lines for programs; on a screen, it removes control characters, with which a bot
 * could rewrite the screen. It splits lines at line feeds, which only other programs store.
 *
 * @param terminal Where to print.
 * @returns A function that prints one line.
 */
export function linePrinter(terminal: Terminal): (line: StoredLogLine) => void {
  return (line) => {
    for (const part of line.text.split("\n")) showLine(terminal, { ...line, text: part });
  };
}

function showLine(terminal: Terminal, line: StoredLogLine): void {
  if (!terminal.isScreen) return terminal.out(formatLine(line));
  const text = printable(line.text);
  const whole = formatLine({ ...line, text });
  const head = whole.slice(0, whole.length - text.length);
  const style = line.stream === "stderr" ? "red" : line.stream === "berth" ? "yellow" : "dim";
  terminal.out(terminal.paint(style, head) + text);
}
