/**
 * Reads answers of one JSON object a line, also across a restart of the service.
 *
 * @module
 */

import { setTimeout } from "node:timers/promises";
import { ApiError } from "./api_client.ts";
import { linesOf } from "./event_stream.ts";

/** Options of {@linkcode readLines}. */
export interface ReadLinesOptions {
  /** Whether to ask again after the connection was lost, and to go on after the last line. @default {false} */
  readonly resume?: boolean;
  /** Called when the connection was lost, and again when the service answers. */
  readonly onLost?: (isLost: boolean) => void;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** Longest time without a service, in ms. */
const MAX_LOST_MS = 5 * 60_000;
const RETRY_MS = 500;

/**
 * Reads the lines of an answer. Each request must give the same lines in the same order.
 *
 * @param request Makes the request.
 * @param options See {@linkcode ReadLinesOptions}.
 * @returns The lines, without line ends.
 */
export async function* readLines(
  request: () => Promise<Response>,
  { resume = false, onLost, signal }: ReadLinesOptions,
): AsyncGenerator<string> {
  let count = 0;
  let hasAnswered = false;
  let lostAt: number | undefined;
  while (true) {
    try {
      let seen = 0;
      const response = await request();
      hasAnswered = true;
      for await (const line of linesOf(response)) {
        if (lostAt !== undefined) onLost?.(false);
        lostAt = undefined;
        if (++seen <= count) continue;
        count = seen;
        yield line;
      }
      return;
    } catch (error) {
      // Only what a service has begun to give is waited for.
      if (signal.aborted || !resume || !hasAnswered || error instanceof ApiError) throw error;
      if (lostAt === undefined) onLost?.(true);
      lostAt ??= performance.now();
      if (performance.now() - lostAt > MAX_LOST_MS) throw error;
    }
    // Node's own error would hide that the user has ended the command.
    await setTimeout(RETRY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
