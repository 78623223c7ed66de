/**
 * Cron expressions for the comparison with robfig/cron: those that are known to be read in different ways, and random
 * ones.
 *
 * @module
 */

import { CRON_FIELDS, type CronField } from "../../services/cron/cron_field.ts";
import type { SeededRandom } from "../support/seeded_random.ts";

const FIVE = [
  "0 0 */1 * 5|0 0 */2 * 5|0 0 */31 * 5|0 0 1-31 * 5|0 0 1-31/1 * 5|0 0 1/1 * 5|0 0 *,13 * 5|0 0 13,* * 5",
  "0 0 13 * 5|0 0 13 * *|0 0 13 * ?|0 0 ? * 5|0 0 ? * ?|0 0 ?/1 * 5|0 0 ?/2 * 5|0 0 13 * */1|0 0 13 * */2",
  "0 0 13 * 0-6|0 0 13 * 1/1|0 0 31 * *|0 0 31 2 1|0 0 30 2 *|0 0 30 2 ?|0 0 30,31 2 *|0 0 31 4,6,9,11 *|0 0 29 2 *",
  "0 0 29 2 0|0 0 29 2 */1|0 0 * * ,|0 0 , * 5|0 0 , * *|0 0 , * ,|0 0 1 , *|0 0 1 , 5|1, * * * *|,1 * * * *|1,,2 * * * *",
  "* * * * 7|* * * * 0|* * * * SUN|* * * * sun-sat|* * * * Sun-Tue/2|* * * * sunday|* * * * sat-sun|* * * * 5-7|* * * * 6-0",
  "* * * JAN *|* * * jan-MAR *|* * * december *|* * * jan/3 *|* * * mar-jan *|* * jan * *|mon * * * *|* * * mon *|* * * * jan",
  "* * L * *|* * l * *|* * L-3 * *|* * LW * *|* * 15W * *|* * 1W * *|* * * * 5L|* * * * L|* * * * 5#3|* * * * FRI#2|* * * * MONL",
  "* * W * *|H * * * *|H/5 * * * *|R * * * *|~ * * * *|* * C * *|5~10 * * * *|* * * * !5|! * * * *|* * * * +5|+5 * * * *",
  "*/5 * * * *|*/0 * * * *|*/-5 * * * *|*/+5 * * * *|*/60 * * * *|*/100 * * * *|*/99999999999999999999 * * * *|*/ * * * *",
  "*/a * * * *|*/1.5 * * * *|*/5/2 * * * *|/5 * * * *|5/15 * * * *|59/15 * * * *|60/15 * * * *|5/0 * * * *|5-10/0 * * * *|0/5 * * * *",
  "*-5 * * * *|*-x * * * *|*-5-7 * * * *|*-5/10 * * * *|?-5 * * * *|5-* * * * *|** * * * *|*5 * * * *|5* * * * *|*,* * * * *|?,5 * * * *",
  "10-5 * * * *|5-5 * * * *|5-5/3 * * * *|-5 * * * *|5- * * * *|5--7 * * * *|1-2-3 * * * *|-1 * * * *|60 * * * *|0-60 * * * *",
  "59 * * * *|00 * * * *|007 * * * *|0x5 * * * *|1e1 * * * *|1_0 * * * *|٣ * * * *|५ * * * *|５ * * * *|1.0 * * * *|' * * * *",
  "* 24 * * *|* 23 * * *|* 0-24 * * *|* 22-2 * * *|* */23 * * *|* * 0 * *|* * 32 * *|* * 31 * *|* * 1-32 * *|* * * 0 *|* * * 13 *|* * * 12 *",
  "0 2 * * *|30 2 * * *|30 1 * * *|0 1-3 * * *|*/15 2 * * *|*/15 1 * * *|0 0 * * *|0 0 * * 0|0 3 * * 0|0 12 * * 0|15 2 * * *|45 1 * * *|*/7 1-2 * * *",
  "0 */2 * * *|0 */3 * * *|17 * * * *|*/10 * * * *|0 0-23 * * *|0 23 * * *|30 23 * * *|0 24 * * *|0 0 1 1 *|0 0 1 * *|59 23 31 12 *",
].flatMap((line) => line.split("|"));

const OTHERS = [
  "@yearly|@annually|@monthly|@weekly|@daily|@midnight|@hourly|@reboot|@every|@every |@Daily|@DAILY| @daily|@daily |@hourly 5|@|@@daily|@minutely",
  "@every 5m|@every 1h30m|@every 90s|@every 1.5h|@every 1.5s|@every .5s|@every 1.s|@every .s|@every 0|@every 0s|@every 1ms|@every 1500ms",
  "@every -5m|@every +5m|@every --5m|@every 5|@every 5 m|@every  5m|@every 5m |@every\t5m|@every 1d|@every 1w|@every 5M|@every 5min|@every 1us",
  "@every 1µs|@every 1μs|@every 2000000µs|@every 1h1h|@every 1m1h|@every 1h-5m|@every 2562047h|@every 2562048h|@every 9223372036.854775807s",
  "@every 9223372036.854775808s|@every 0.9999999999s|@every 1.9999999999s|@every 0.016666666666666666h|@every 1e3s|@every 0x5s|@every inf",
  "TZ=UTC|TZ=|CRON_TZ=|TZ=UTC |TZ= @daily|TZ=UTC @daily|TZ=Asia/Kolkata @daily|CRON_TZ=America/New_York 30 2 * * *|TZ=Europe/Berlin 0 30 2 * * *",
  "TZ=Europe/Berlin   0 12 * * * |TZ=Nowhere 0 12 * * *|TZ=Europe/Berlin\t0 12 * * *|TZ=+05:30 0 12 * * *|TZ=IST 0 12 * * *|TZ=EST 0 12 * * *",
  "TZ=Local 0 12 * * *|TZ=UTC TZ=UTC 0 12 * * *| TZ=UTC 0 12 * * *|tz=UTC 0 12 * * *|TZ=Etc/GMT+5 0 12 * * *|TZ=Asia/Kolkata @every 5m|TZ=UTC  @hourly",
  "| |\t|*|* *|* * *|* * * *|* * * * *|* * * * * *|* * * * * * *|0 0 12 1 1 ? 2026|0 0 12 1 1 ? *|2026-05-05|2026-05-05T10:00:00|2026-05-05T10:00:00Z",
  "*\t*\t* *  *|\u00a0* * * * *|*\u00a0* * * *|*\u2003* * * *|*\u0085* * * *|*\ufeff* * * *|*\u200b* * * *|\n* * * * *\n|*\v*\f* * *|*\u3000* * * *|\ufeff* * * * *",
  "* * * * * 7|0 0 0 * * 7|* * * * * SUN|60 * * * * *|* * * 0 * *|*/90 * * * * *|0/30 * * * * *|0 0 0 13 * 5|0 0 0 */1 * 5|0 0 0 ? * 5|? ? ? ? ? ?|0 0 0 30 2 *",
  "0 0 0 31 2 1|1,2,3, * * * * *|* * * * * 5L|0 0 0 L * *|0 0 0 * * 1#1|15 30 2 * * *|15 30 1 * * *|* * 2 * * *|* * 1 * * *|59 59 23 * * *|0 0 0 1 1 0",
  "x|null|undefined|0|[]|{}|''|\"* * * * *\"|* * * * *;|* * * * * # daily|every 5 minutes|hourly|* * * * * root|*/5 * * * 1-5 *|0 0 1-5 1-5 1-5 1-5",
].flatMap((line) => line.split("|"));

const STEPS = [1, 1, 2, 2, 3, 4, 5, 6, 7, 10, 12, 15, 20, 30, 45, 61];
const NOISE = [..."LW#?*/-,7 06+@"];

/**
 * Makes expressions.
 *
 * @param random The random numbers.
 * @param count Number of expressions, all different.
 */
export function generateExpressions(random: SeededRandom, count: number): string[] {
  const expressions = new Set([...FIVE, ...FIVE.map((expression) => `0 ${expression}`), ...OTHERS]);
  while (expressions.size < count) {
    const valid = generateFields(random);
    expressions.add(random.below(10) < 3 ? damage(valid, random) : valid);
  }
  return [...expressions];
}

function generateFields(random: SeededRandom): string {
  const fields: readonly CronField[] = random.below(2) === 0 ? CRON_FIELDS : CRON_FIELDS.slice(1);
  return fields.map((field) => generateField(field, random)).join(" ");
}

function generateField(field: CronField, random: SeededRandom): string {
  const date = ["day-of-month", "month", "day-of-week"].includes(field.name);
  if (random.below(100) < (date ? 45 : 15)) return "*";
  const length = random.pick([1, 1, 1, 1, 2, 3]);
  return Array.from({ length }, () => generateItem(field, random)).join(",");
}

function generateItem(field: CronField, random: SeededRandom): string {
  const value = () => generateValue(field, random);
  const step = () => random.pick(STEPS);
  const range = () => {
    const [low, high] = [value(), value()].sort((a, b) => a - b);
    return `${spell(low!, field, random)}-${spell(high!, field, random)}`;
  };
  switch (random.below(10)) {
    case 0:
      return `*/${step()}`;
    case 1:
      return random.below(4) === 0 ? "?" : `*/${step()}`;
    case 2:
      return `${spell(value(), field, random)}/${step()}`;
    case 3:
    case 4:
      return range();
    case 5:
      return `${range()}/${step()}`;
    default:
      return spell(value(), field, random);
  }
}

/** Hours are those in which clocks change, half of the time. */
function generateValue({ name, min, max }: CronField, random: SeededRandom): number {
  return name === "hour" && random.below(2) === 0 ? random.below(4) : min + random.below(max - min + 1);
}

function spell(value: number, { min, names }: CronField, random: SeededRandom): string {
  if (names && random.below(3) === 0) {
    const name = names[value - min]!;
    return random.pick([name, name.toUpperCase(), `${name[0]!.toUpperCase()}${name.slice(1)}`]);
  }
  return random.below(12) === 0 ? String(value).padStart(2, "0") : String(value);
}

function damage(expression: string, random: SeededRandom): string {
  const at = random.below(expression.length);
  const [before, after] = [expression.slice(0, at), expression.slice(at)];
  switch (random.below(3)) {
    case 0:
      return before + random.pick(NOISE) + after;
    case 1:
      return before + after.slice(1);
    default:
      return before + random.pick(NOISE) + after.slice(1);
  }
}
