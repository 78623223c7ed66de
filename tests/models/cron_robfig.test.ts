import assert from "node:assert/strict";
import { type ClockChange, clockChanges, utcOffset } from "../../lib/util/time_zone.ts";
import { parseCronSchedule } from "../../services/cron/cron_schedule.ts";
import { type CronFields, readCronExpression } from "../../services/cron/read_cron_expression.ts";

/** The reading of an expression by robfig/cron 3.0.1: see `tests/cron/robfig/main.go`. */
type Row = [expression: string, reading: string | null, ...times: Times[]];
type Times = [zone: string, after: number, ...steps: number[]];

/** How the times may differ from those of robfig/cron where clocks change. */
type Difference =
  /** A skipped time runs at the end of the gap; robfig/cron leaves it out. */
  | "skipped"
  /** A repeated time runs the first time only; robfig/cron runs it twice. */
  | "repeated"
  /** A time that is there, and that robfig/cron misses, because it counts on in full hours and from midnights. */
  | "missed"
  /** A time that the expression does not have, at which robfig/cron gets out of its count of minutes. */
  | "stray";

const HOUR = 3600;
const TABLE: readonly Row[] = Deno.readTextFileSync(
  new URL("../cron/robfig_table.jsonl", import.meta.url),
)
  .trimEnd().split("\n").map((line) => JSON.parse(line));
interface Zone {
  readonly changes: readonly ClockChange[];
  readonly offset: (at: number) => number;
}

const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (!zone) {
    const changes = clockChanges(name, Date.UTC(2025, 0) / 1000, Date.UTC(2040, 0) / 1000);
    zones.set(name, zone = { changes, offset: (at) => utcOffset(name, at) });
  }
  return zone;
}

function fieldsOf(expression: string): CronFields {
  const read = readCronExpression(expression);
  assert("fields" in read);
  return read.fields;
}

/** Whether a local time, in seconds as if it were UTC, is one of an expression's. */
function matches([second, minute, hour, dayOfMonth, month, dayOfWeek]: CronFields, local: number): boolean {
  const date = new Date(local * 1000);
  const inMonth = dayOfMonth.values.includes(date.getUTCDate());
  const inWeek = dayOfWeek.values.includes(date.getUTCDay());
  return second.values.includes(date.getUTCSeconds()) && minute.values.includes(date.getUTCMinutes()) &&
    hour.values.includes(date.getUTCHours()) && month.values.includes(date.getUTCMonth() + 1) &&
    (dayOfMonth.star || dayOfWeek.star ? inMonth && inWeek : inMonth || inWeek);
}

/** Why the next time is not robfig/cron's, if that is one of the documented reasons. */
function explain(
  { fields, zone: { changes, offset }, after, ours, theirs }: {
    readonly fields: CronFields;
    readonly zone: Zone;
    readonly after: number;
    readonly ours: number;
    readonly theirs: number;
  },
): Difference | undefined {
  // robfig/cron counts from the full hour, so that a change just before the start matters to it too.
  const passed = changes.filter(({ at }) => at > after - HOUR && at <= Math.min(ours, theirs));
  const change = passed.at(-1);
  if (!change || fields[2].values.length === 24) return undefined;
  const { at, before, after: then } = change;
  if (theirs < ours) {
    if (!matches(fields, theirs + offset(theirs))) return "stray";
    return theirs < at + before - then ? "repeated" : undefined;
  }
  if (matches(fields, ours + offset(ours))) return "missed";
  for (let local = at + before; ours === at && local < at + then; local++) {
    if (matches(fields, local)) return "skipped";
  }
  return undefined;
}

Deno.test("parseCronSchedule() takes and refuses what robfig/cron does, and reads it as many fields", () => {
  for (const [expression, reading, ...times] of TABLE) {
    const parsed = parseCronSchedule(expression);
    const label = JSON.stringify([expression, parsed]);
    if ("schedule" in parsed) assert.equal(parsed.schedule.reading, reading, label);
    else {
      const never = times.some(([, , step]) => step === 0);
      assert.equal(/never fires/.test(parsed.problem), never, label);
      assert.equal(reading === null, !never, label);
    }
  }
});

Deno.test("parseCronSchedule() finds robfig/cron's times, but for four differences where clocks change", () => {
  const differences = { skipped: 0, repeated: 0, missed: 0, stray: 0 };
  let compared = 0;
  for (const [expression, , ...rows] of TABLE) {
    const prefix = /^(?:CRON_)?TZ=(?!Local )(\S*) /.exec(expression);
    for (const [zone, start, ...steps] of rows) {
      const parsed = parseCronSchedule(expression, prefix ? undefined : zone);
      let after = start;
      for (const step of steps) {
        if (step === 0) break;
        assert("schedule" in parsed, expression);
        // Always from a time of theirs, so that one difference is not the cause of the next.
        const [ours, theirs] = [parsed.schedule.next(after), after + step];
        compared++;
        if (ours !== theirs) {
          const label = `${expression} in ${zone} after ${after}: ${ours}, not ${theirs}`;
          assert(ours !== undefined && parsed.schedule.reading !== "every", label);
          const fields = fieldsOf(expression);
          const difference = explain({ fields, zone: zoneOf(prefix?.[1] ?? zone), after, ours, theirs });
          assert(difference, label);
          differences[difference]++;
        }
        after = theirs;
      }
    }
  }
  const counts = Object.values(differences);
  const share = counts.reduce((sum, count) => sum + count) / compared;
  const label = JSON.stringify({ compared, ...differences });
  assert(compared > 20_000 && share < 0.02 && counts.every((count) => count > 0), label);
});

for (
  const { difference, expression, zone, after, theirs, ours } of [
    {
      difference: "runs at the end of the gap what is skipped, and robfig/cron not at all",
      expression: "30 2 * * *",
      zone: "America/New_York",
      after: "2026-03-08T00:00:00Z",
      theirs: ["2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"],
      ours: ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"],
    },
    {
      difference: "runs once what comes twice, and robfig/cron twice",
      expression: "30 1 * * *",
      zone: "America/New_York",
      after: "2026-11-01T00:00:00Z",
      theirs: ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"],
      ours: ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
    },
    {
      difference: "runs at the full hour after a gap of half an hour, which robfig/cron misses",
      expression: "0 3 * * *",
      zone: "Australia/Lord_Howe",
      after: "2026-10-03T14:00:00Z",
      theirs: ["2026-10-04T16:00:00Z", "2026-10-05T16:00:00Z"],
      ours: ["2026-10-03T16:00:00Z", "2026-10-04T16:00:00Z"],
    },
    {
      difference:
        "does not run half past two for half past one, as robfig/cron does after a gap of half an hour",
      expression: "30 1 * * *",
      zone: "Australia/Lord_Howe",
      after: "2027-10-02T14:00:00Z",
      theirs: ["2027-10-02T15:00:00Z", "2027-10-02T15:30:00Z"],
      ours: ["2027-10-02T15:00:00Z", "2027-10-03T14:30:00Z"],
    },
  ]
) {
  Deno.test(`parseCronSchedule() ${difference}`, () => {
    const seconds = (time: string) => Date.parse(time) / 1000;
    const row = TABLE.filter(([text]) => text === expression).flatMap(([, , ...rows]) => rows)
      .find(([name, start]) => name === zone && start === seconds(after));
    assert(row, "the table has it");
    const [first, second] = theirs.map(seconds);
    assert.deepEqual(row.slice(1, 4), [seconds(after), first! - seconds(after), second! - first!]);
    const parsed = parseCronSchedule(expression, zone);
    assert("schedule" in parsed);
    const { next } = parsed.schedule;
    assert.deepEqual([next(seconds(after)), next(next(seconds(after))!)], ours.map(seconds));
  });
}
