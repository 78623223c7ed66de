/**
 * The events of a followed log.
 *
 * @module
 */

import type { LogCursor } from "../../lib/logs/log_cursor.ts";
import type { PlacedLogLine } from "../../lib/logs/log_position.ts";

const encoder = new TextEncoder();

/** Sent when nothing else is, so that a lost connection is noticed. */
export const HEARTBEAT: Uint8Array<ArrayBuffer> = encoder.encode(": nothing new\n\n");
/** Says that all lines up to now are given. */
export const LIVE: Uint8Array<ArrayBuffer> = encoder.encode("event: live\ndata: {}\n\n");
/** Returns how soon a client may try again, in ms. */
export const RETRY_AFTER: Uint8Array<ArrayBuffer> = encoder.encode("retry: 1000\n\n");

/** Writes a line as JSON. @param line The line. */
export function lineJson({ time, stream, text, run }: Omit<PlacedLogLine, "position">): string {
  return JSON.stringify(run === undefined ? { time, stream, text } : { time, stream, text, run });
}

/**
 * Makes the event of a line.
 *
 * @param line The line.
 * @param cursor The cursor after it, which becomes the id.
 */
export function encodeLine(line: PlacedLogLine, cursor: LogCursor): Uint8Array<ArrayBuffer> {
  return encoder.encode(`id: ${cursor}\ndata: ${lineJson(line)}\n\n`);
}

/** Makes the event that says why newer lines cannot be read. @param problem The problem. */
export function encodeProblem(problem: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`event: problem\ndata: ${JSON.stringify(problem)}\n\n`);
}
