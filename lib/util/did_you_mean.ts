/**
 * Guesses which name a misspelled one was meant to be.
 *
 * @module
 */

import { closest, distance } from "fastest-levenshtein";

/** Part of a name that may differ. */
const MAX_DIFFERENCE = 0.25;
/** Longest name to compare: a comparison takes time that grows with the length. */
const MAX_LENGTH = 64;

/**
 * Finds the known name that a misspelled name was probably meant to be.
 *
 * @param name The misspelled name. Case does not matter.
 * @param known The known names.
 * @returns A known name; `undefined` if none is similar.
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
