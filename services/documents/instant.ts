/**
 * Parses points in time in the formats that other programs write.
 *
 * @module
 */

/**
 * Smaller numbers are seconds, others milliseconds. The limit is the year 5138 in seconds and 1973 in
 * milliseconds.
 */
const FIRST_MILLISECONDS = 1e11;
const TEXT = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*([Zz]|[+-]\d\d:?\d\d)?)?$/;

/**
 * Parses a point in time.
 *
 * @param value A date; an ISO 8601 string, in UTC unless it has an offset; or a number of seconds or
 * milliseconds since the epoch, distinguished by its size.
 * @returns Milliseconds since the epoch, or `undefined` for anything else.
 */
export function readInstant(value: unknown): number | undefined {
  const ms = value instanceof Date
    ? value.getTime()
    : typeof value === "string"
    ? readText(value.trim())
    : typeof value === "number"
    ? Math.abs(value) < FIRST_MILLISECONDS ? value * 1000 : value
    : NaN;
  return Number.isFinite(ms) ? ms : undefined;
}

function readText(text: string): number {
  const [, date, time = "00:00", zone = "Z"] = TEXT.exec(text) ?? [];
  // Without an offset, the parser would assume the machine's time zone.
  return date === undefined ? NaN : Date.parse(`${date}T${time}${zone.toUpperCase()}`);
}
