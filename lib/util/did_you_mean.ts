/**
 * Guesses what a misspelled name was meant to be.
 *
 * @module
 */

import { closest, distance } from "fastest-levenshtein";

/** So much of a name may differ. */
const MAX_DIFFERENCE = 0.25;
/** Names longer than this are no slip of the pen; a comparison takes time that grows with their length. */
const MAX_LENGTH = 64;

/**
 * Finds the known name that a name was probably meant to be.
 *
 * @param name The name; capitals do not count.
 * @param known The known names.
 * @returns One of them, or `undefined` when none is near.
 *
 * @example
 * ```ts
 * import { didYouMean } from "./did_you_mean.ts";
 *
 * console.assert(didYouMean("shedule", ["schedule", "runtime"]) === "schedule");
 * ```
 */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH || known.length === 0) return undefined;
  const plain = (text: string) => text.toLowerCase();
  const given = plain(name);
  const byPlain = new Map(known.map((each) => [plain(each), each]));
  const nearest = closest(given, [...byPlain.keys()]);
  const limit = Math.max(1, Math.floor(nearest.length * MAX_DIFFERENCE));
  return distance(given, nearest) <= limit ? byPlain.get(nearest) : undefined;
}
