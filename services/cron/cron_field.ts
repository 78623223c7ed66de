/**
 * One field of a cron expression, parsed as robfig/cron 3.0.1 does.
 *
 * @module
 */

/** Name and allowed values of a field. */
export interface CronField {
  /** Name in messages. */
  readonly name: string;
  /** Smallest value. */
  readonly min: number;
  /** Largest value. */
  readonly max: number;
  /** Lower-case names of the values, starting at `min`. */
  readonly names?: readonly string[];
  /** Description of the allowed values, for messages. */
  readonly expected: string;
}

/** The values of a parsed field. */
export interface CronValues {
  /** The values in ascending order; none for a field of only commas. */
  readonly values: readonly number[];
  /**
   * Whether the field counts as a star: `*`, `?`, `*` with step 1, or a list that contains one of these. It
   * then has every value.
   */
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

/** Go's `strconv.Atoi` accepts a sign and at most 64 bits. A minus never gets here, or is refused. */
const NUMBER = /^\+?\d+$/;
const MAX_INT = 2 ** 63;

/**
 * Parses a field: a comma-separated list of `*`, `?`, `N` or `N-M`, each optionally with `/STEP`. `N/STEP`
 * runs to the largest value. Like robfig/cron, it skips empty list items and ignores anything after `*-`.
 *
 * @param text The field.
 * @param field Its kind.
 * @returns The values, or one line that says what is wrong.
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
 * Quotes a piece of an expression for a one-line message.
 *
 * @param text The piece.
 * @returns The piece in quotes, shortened if it is long.
 */
export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
