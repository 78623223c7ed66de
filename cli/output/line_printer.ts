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
    for (const text of line.text.split("\n")) terminal.out(shownLine(terminal, { ...line, text }));
  };
}

/**
 * Formats a line as {@linkcode linePrinter} prints it.
 *
 * @param terminal Where to print.
 * @param line A line without line feeds.
 */
export function shownLine(terminal: Pick<Terminal, "isScreen" | "paint">, line: StoredLogLine): string {
  if (!terminal.isScreen) return formatLine(line);
  const text = printable(line.text);
  const whole = formatLine({ ...line, text });
  const head = whole.slice(0, whole.length - text.length);
  const style = line.stream === "stderr" ? "red" : line.stream === "berth" ? "yellow" : "dim";
  return terminal.paint(style, head) + text;
}
