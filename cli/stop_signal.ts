/**
 * How a user ends a program.
 *
 * @module
 */

import { EXIT } from "./context.ts";

/**
 * A terminal sends Ctrl-C to every process of its group, and a task runner passes it on, so one press arrives
 * twice within a few milliseconds.
 */
const SAME_PRESS_MS = 250;

/**
 * Listens for Ctrl-C and SIGTERM as long as this process lives. The second one ends it at once: the next start removes
 * what is left.
 *
 * @returns Aborted by the first one, with an `AbortError`.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let stoppedAt = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      const now = performance.now();
      if (stop.signal.aborted && now - stoppedAt > SAME_PRESS_MS) Deno.exit(EXIT.interrupted);
      if (stop.signal.aborted) return;
      stoppedAt = now;
      stop.abort(new DOMException(`Ended by ${signal}`, "AbortError"));
    });
  }
  return stop.signal;
}
