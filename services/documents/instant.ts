/**
 * Points in time as other programs write them.
 *
 * @module
 */

/** Numbers below this are seconds, from it on milliseconds: it is the year 5138 in the one and 1973 in the other. */
const FIRST_MILLISECONDS = 1e11;
const TEXT = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*([Zz]|[+-]\d\d:?\d\d)?)?$/;

/**
 * Reads a point in time.
 *
 * @param value A date; an ISO 8601 text, in UTC unless it names an offset; a number of seconds or milliseconds since
 * the epoch, which of them its size tells.
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
  // With an hour and no offset, the parser would take the machine's own zone.
  return date === undefined ? NaN : Date.parse(`${date}T${time}${zone.toUpperCase()}`);
}
