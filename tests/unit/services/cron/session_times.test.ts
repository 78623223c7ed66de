import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCronSchedule } from "../../../../services/cron/cron_schedule.ts";
import { previewSchedule } from "../../../../services/cron/schedule_preview.ts";
import { keepToDays, nextRun } from "../../../../services/cron/trading_days.ts";
import { describeCron } from "../../../../services/cron/describe_cron.ts";
import { shippedCalendars } from "../../../../services/calendars/calendar_book.ts";

const at = (text: string) => Date.parse(text) / 1000;
const text = (slot: number | undefined) =>
  slot === undefined ? undefined : new Date(slot * 1000).toISOString().replace(".000Z", "Z");

function schedule(expression: string, calendar?: string, timezone?: string) {
  const parsed = parseCronSchedule(expression, timezone);
  if ("problem" in parsed) throw new Error(parsed.problem);
  const kept = calendar === undefined ? parsed : keepToDays(parsed.schedule, calendar, shippedCalendars);
  if ("problem" in kept) throw new Error(kept.problem);
  return kept.schedule;
}

function problem(expression: string, timezone?: string): string {
  const parsed = parseCronSchedule(expression, timezone);
  return "problem" in parsed ? parsed.problem : "";
}

test("@open and @close follow the sessions: holidays, early closes, changes of clocks", () => {
  const open = schedule("@open XNYS+15m");
  assert.equal(text(open.next(at("2026-11-25T20:00:00Z"))), "2026-11-27T14:45:00Z");
  assert.equal(text(open.next(at("2026-03-06T20:00:00Z"))), "2026-03-09T13:45:00Z");
  assert.equal(open.timezone, "America/New_York");
  const close = schedule("@close XNYS-5m");
  assert.equal(text(close.next(at("2026-11-25T21:00:00Z"))), "2026-11-27T17:55:00Z");
  assert.equal(text(close.next(at("2026-11-27T17:55:00Z"))), "2026-11-30T20:55:00Z");
  assert.ok(close.has(at("2026-11-27T17:55:00Z")));
  assert.ok(!close.has(at("2026-11-27T20:55:00Z")));
  // The slot comes after the close of its session.
  assert.equal(text(schedule("@close XNYS+1h").next(at("2026-11-27T18:30:00Z"))), "2026-11-27T19:00:00Z");
  assert.equal(text(schedule("@open CMES").next(at("2026-11-28T00:00:00Z"))), "2026-11-29T23:00:00Z");
  assert.equal(text(schedule("@open 24/7").next(at("2026-11-28T00:00:00Z"))), "2026-11-29T00:00:00Z");
});

test("@open ends with its calendar, and the preview says so", () => {
  const cron = schedule("@open XSHG");
  assert.equal(cron.next(at("2027-01-01T00:00:00Z")), undefined);
  const preview = previewSchedule("@open XSHG", { count: 2, now: at("2026-12-30T12:00:00Z") });
  assert.ok("times" in preview);
  assert.deepEqual(preview.times.map(({ utc }) => utc), ["2026-12-31T01:30:00Z"]);
  assert.match(preview.notes.join("\n"), /the calendar XSHG ends on 2026-12-31/);
});

test("an expression with a calendar says what is wrong with it", () => {
  assert.match(problem("@open"), /is not complete; expected @open or @close, a calendar/);
  assert.match(problem("@open XNYX"), /"XNYX" is not known; did you mean XNYS\? Known are 24\/5/);
  assert.match(problem("@close XNYS-5x"), /"5x" is no duration/);
  assert.match(problem("@close XNYS-24h"), /must be shorter than 24h/);
  assert.match(problem("@open ../../etc/passwd"), /is not known/);
  assert.match(problem("@open XNYS", "UTC"), /timezone: has no effect on @open/);
  assert.match(problem("@opening XNYS"), /is not known; expected one of/);
  const every = parseCronSchedule("@every 5m");
  assert.ok("schedule" in every);
  const kept = keepToDays(every.schedule, "XNYS", shippedCalendars);
  assert.match("problem" in kept ? kept.problem : "", /calendar: has no effect on @every/);
});

test("a schedule with a calendar has one slot on a closed day, which is skipped with the reason", () => {
  const cron = schedule("*/10 * * * *", "XNYS", "America/New_York");
  assert.equal(describeCron(cron), "*/10 * * * * (America/New_York, on days of XNYS)");
  const christmas = at("2026-12-25T00:00:00-05:00");
  assert.equal(cron.next(christmas - 1), christmas);
  assert.equal(cron.whySkipped?.(christmas), "XNYS is closed on 2026-12-25");
  // Then the Saturday, the Sunday, and the Monday with all its slots.
  const slots = [1, 2, 3, 4].reduce<number[]>((all) => [...all, cron.next(all.at(-1)!)!], [christmas]).slice(
    1,
  );
  assert.deepEqual(slots.map((slot) => text(slot)), [
    "2026-12-26T05:00:00Z",
    "2026-12-27T05:00:00Z",
    "2026-12-28T05:00:00Z",
    "2026-12-28T05:10:00Z",
  ]);
  assert.equal(cron.whySkipped?.(slots[2]!), undefined);
  assert.equal(nextRun(cron, christmas - 1), slots[2]);
  assert.ok(!cron.has(christmas + 600));
});

test("the days are those of the exchange, and an evening session counts", () => {
  // 20:00 in New York on a Sunday is Monday in Tokyo.
  const tokyo = schedule("0 20 * * 0", "XTKS", "America/New_York");
  assert.equal(tokyo.whySkipped?.(at("2026-11-29T20:00:00-05:00")), undefined);
  const cmes = schedule("0 * * * *", "CMES", "America/Chicago");
  assert.equal(cmes.whySkipped?.(at("2026-11-29T00:00:00-06:00")), "CMES is closed on 2026-11-29");
  assert.equal(text(cmes.next(at("2026-11-29T00:00:00-06:00"))), "2026-11-29T23:00:00Z");
  assert.equal(cmes.whySkipped?.(at("2026-11-29T17:00:00-06:00")), undefined);
});

test("after its calendar has ended, a schedule has one skipped slot a day, and no next run", () => {
  const cron = schedule("0 */2 * * *", "XSHG", "Asia/Shanghai");
  const after = cron.next(at("2026-12-31T23:59:00+08:00"))!;
  assert.match(
    cron.whySkipped!(after)!,
    /the calendar XSHG ends on 2026-12-31, and nothing is guessed after that/,
  );
  assert.equal(cron.next(after)! - after, 86_400);
  assert.equal(nextRun(cron, after), undefined);
});
