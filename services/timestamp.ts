/**
 * Times as other programs write them.
 *
 * @module
 */

/** Numbers below are seconds since the epoch (until the year 5138), numbers above ms. */
const SECONDS_BELOW = 1e11;
/** The furthest time that a `Date` holds, in ms. */
const MAX_MS = 8.64e15;
const NUMBER = /^\d+(?:\.\d+)?$/;
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/;

/**
 * Reads a point in time: a date, an ISO text (UTC where it names no zone), or a number of seconds or ms since
 * the epoch, also as text.
 *
 * @param value What was written.
 * @returns The time in ms since the epoch; `undefined` when it is none.
 */
export function parseTimestamp(value: unknown): number | undefined {
  const ms = msOf(value);
  return Number.isFinite(ms) && Math.abs(ms) <= MAX_MS ? Math.trunc(ms) : undefined;
}

function msOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  if (typeof value === "number") return Math.abs(value) < SECONDS_BELOW ? value * 1000 : value;
  if (typeof value !== "string") return NaN;
  const text = value.trim();
  if (NUMBER.test(text)) return msOf(Number(text));
  return Date.parse(WITHOUT_ZONE.test(text) ? `${text.replace(" ", "T")}Z` : text);
}
