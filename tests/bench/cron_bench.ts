/**
 * Measures cron expressions: reading one and finding its next time, for 1,000 random ones, beside croner alone on the
 * same fields. Run with `deno run -A tests/bench/cron_bench.ts`.
 *
 * @module
 */

import { Cron } from "croner";
import { parseCronSchedule } from "../../services/cron/cron_schedule.ts";
import { generateExpressions } from "../cron/generate_expressions.ts";
import { seededRandom } from "../support/seeded_random.ts";

const EXPRESSIONS = 1000;
const ROUNDS = 7;
const ZONES = ["UTC", "America/New_York"];
const START = Date.UTC(2026, 4, 5) / 1000;
/** The second before New York's clocks go forward: the longest that a schedule of every second has to look for. */
const WORST = Date.UTC(2026, 2, 8, 6, 59, 59) / 1000;

// Those that croner takes too, which is less than half.
const expressions = generateExpressions(seededRandom(1), 6000)
  .filter((expression) => isCroners(expression) && "schedule" in parseCronSchedule(expression))
  .slice(-EXPRESSIONS);

for (const zone of ZONES) {
  const ours = time(() => {
    for (const expression of expressions) {
      const parsed = parseCronSchedule(expression, zone);
      if ("schedule" in parsed) parsed.schedule.next(START);
    }
  });
  const croner = time(() => {
    for (const expression of expressions) {
      new Cron(expression, { timezone: zone }).nextRun(new Date(START * 1000));
    }
  });
  console.log(
    `${expressions.length} expressions read and next time found, ${zone}: ${ours.toFixed(0)} ms; ` +
      `croner alone ${croner.toFixed(0)} ms (${(ours / croner).toFixed(2)} ×)`,
  );
}
const parsed = parseCronSchedule("* * * * * *", "America/New_York");
if ("schedule" in parsed) {
  const { next } = parsed.schedule;
  console.log(`every second, over a gap of an hour: ${time(() => next(WORST)).toFixed(0)} ms, once a year`);
}

function isCroners(expression: string): boolean {
  try {
    return new Cron(expression).getPattern() !== undefined;
  } catch {
    return false;
  }
}

/** Median of some rounds, in ms. */
function time(work: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  });
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}
