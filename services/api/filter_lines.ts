/**
 * Filters lines without holding up the rest of the process.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import type { LineMatcher } from "../../lib/logs/line_matcher.ts";

/** How often other work gets a turn, in ms. */
const SLICE_MS = 20;

/**
 * Gives the lines that match.
 *
 * @param lines The lines.
 * @param matcher Decides; absent for all.
 * @returns The lines, and `undefined` now and then, while there are many.
 */
export async function* filterLines<T extends { readonly text: string }>(
  lines: AsyncIterable<T>,
  matcher: LineMatcher | undefined,
): AsyncGenerator<T | undefined> {
  let since = performance.now();
  for await (const line of lines) {
    if (!matcher || matcher.matches(line.text)) yield line;
    if (performance.now() - since < SLICE_MS) continue;
    yield undefined;
    await setImmediate();
    since = performance.now();
  }
}
