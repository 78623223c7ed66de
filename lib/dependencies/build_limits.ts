/**
 * Ends builds that take too long or write too much.
 *
 * @module
 */

import type { BuildSettings } from "./build_settings.ts";

/** A limit that a build has exceeded. */
export type ExceededLimit = "time" | "disk";

/** The watch over one build. */
export interface BuildWatch extends Disposable {
  /** Aborted when the build exceeds a limit. */
  readonly signal: AbortSignal;
  /** The limit; `undefined` while none is exceeded. */
  readonly reason: ExceededLimit | undefined;
}

/** Time between two measurements, in ms. */
const MEASURE_MS = 1_000;

/**
 * Watches a build.
 *
 * @param measure Measures what the build has written, in bytes.
 * @param settings The limits.
 */
export function watchBuild(
  measure: (signal: AbortSignal) => Promise<number>,
  { timeoutMs, diskBytes }: Pick<BuildSettings, "timeoutMs" | "diskBytes">,
): BuildWatch {
  const ended = new AbortController();
  let reason: ExceededLimit | undefined;
  const exceed = (limit: ExceededLimit) => {
    reason ??= limit;
    ended.abort(new DOMException(`The build exceeded its limit of ${limit}`, "AbortError"));
  };
  const timer = setTimeout(() => exceed("time"), timeoutMs);
  let measuring: ReturnType<typeof setTimeout> | undefined;
  const look = async () => {
    // A failed measurement is repeated: files come and go while the build runs.
    const bytes = await measure(ended.signal).catch(() => 0);
    if (ended.signal.aborted) return;
    if (bytes > diskBytes) exceed("disk");
    else measuring = setTimeout(() => void look(), MEASURE_MS);
  };
  measuring = setTimeout(() => void look(), MEASURE_MS);
  return {
    signal: ended.signal,
    get reason() {
      return reason;
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      clearTimeout(measuring);
      ended.abort();
    },
  };
}
