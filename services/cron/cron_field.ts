/**
 * One field of a cron expression, read as robfig/cron 3.0.1 reads it.
 *
 * @module
 */

/** Which values a field may have, and how it is called. */
export interface CronField {
  /** Name in messages. */
  readonly name: string;
  /** Least value. */
  readonly min: number;
  /** Greatest value. */
  readonly max: number;
  /** Names of the values from `min` on, in lower case. */
  readonly names?: readonly string[];
  /** The values in words, for messages. */
  readonly expected: string;
}

/** What a field says. */
export interface CronValues {
  /** Its values, ascending; a field of commas alone has none. */
  readonly values: readonly number[];
  /** Whether it counts as a star: `*`, `?`, `*` with step 1, or a list with one of these. Then it has every value. */
  readonly star: boolean;
}

/** The fields, seconds first. */
export const CRON_FIELDS = [
  { name: "second", min: 0, max: 59, expected: "0-59" },
  { name: "minute", min: 0, max: 59, expected: "0-59" },
  { name: "hour", min: 0, max: 23, expected: "0-23" },
  { name: "day-of-month", min: 1, max: 31, expected: "1-31" },
  {
    name: "month",
    min: 1,
    max: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    expected: "1-12 or JAN-DEC",
  },
  {
    name: "day-of-week",
    min: 0,
    max: 6,
    names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    expected: "0-6 or SUN-SAT (Sunday is 0)",
  },
] as const satisfies readonly CronField[];

/** Go's `strconv.Atoi` takes a sign, and no more than 64 bits. A minus never gets here, or is refused. */
const NUMBER = /^\+?\d+$/;
const MAX_INT = 2 ** 63;

/**
 * Reads a field: a list, with commas between, of `*`, `?`, `N`, `N-M`, each with `/STEP` or without. `N/STEP` goes on to
 * the greatest value. Empty places of the list are skipped, and what follows `*-` is ignored, as robfig/cron does.
 *
 * @param text The field's text.
 * @param field Which field it is.
 * @returns What it says, or one line that says what is wrong.
 */
export function readCronField(text: string, field: CronField): CronValues | { readonly problem: string } {
  const chosen = new Set<number>();
  let star = false;
  for (const item of text.split(",")) {
    if (item === "") continue;
    const range = readRange(item, field);
    if (typeof range === "string") {
      return {
        problem: `${field.name}: ${quote(item)} ${range}; expected ${field.expected}, *, ranges, steps`,
      };
    }
    for (let value = range.low; value <= range.high; value += range.step) chosen.add(value);
    star ||= range.star;
  }
  return { values: [...chosen].sort((a, b) => a - b), star };
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly star: boolean;
}

function readRange(item: string, field: CronField): Range | string {
  const [bounds = "", stepText, ...moreSteps] = item.split("/");
  const [lowText = "", highText, ...moreBounds] = bounds.split("-");
  const star = lowText === "*" || lowText === "?";
  const low = star ? field.min : readValue(lowText, field);
  const given = highText === undefined || star ? low : readValue(highText, field);
  const step = stepText === undefined ? 1 : readNumber(stepText);
  if (moreSteps.length > 0) return "has more than one step";
  if (moreBounds.length > 0 && !star) return "has more than one hyphen";
  if (low === undefined || given === undefined) return "is not understood";
  if (step === undefined || step === 0) return "has a step that is not a whole number from 1 on";
  const high = star || (stepText !== undefined && highText === undefined) ? field.max : given;
  if (low < field.min) return `begins below ${field.min}`;
  if (high > field.max) return `goes above ${field.max}`;
  if (low > high) return "ends before it begins";
  return { low, high, step, star: star && step === 1 };
}

function readValue(text: string, { min, names }: CronField): number | undefined {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index < 0 ? readNumber(text) : min + index;
}

function readNumber(text: string): number | undefined {
  const number = NUMBER.test(text) ? Number(text) : Infinity;
  return number < MAX_INT ? number : undefined;
}

/**
 * Shows a piece of an expression in a message, in one line and not at length.
 *
 * @param text The piece.
 * @returns It, in quotes; of a long one, its beginning.
 */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
