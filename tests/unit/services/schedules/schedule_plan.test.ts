import assert from "node:assert/strict";
import { type CronSchedule, parseCronSchedule } from "../../../../services/cron/cron_schedule.ts";
import {
  mayCorrect,
  planSchedule,
  type ScheduleSituation,
} from "../../../../services/schedules/schedule_plan.ts";
import { NEVER } from "../../../../services/schedules/schedule_repository.ts";
import {
  DEFAULT_SCHEDULE_SETTINGS,
  type ScheduleSettings,
} from "../../../../services/documents/schedule_settings.ts";
import { shippedCalendars } from "../../../../services/calendars/calendar_book.ts";
import { keepToDays } from "../../../../services/cron/trading_days.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const MIDNIGHT = Date.parse("2025-03-01T00:00:00Z") / 1000;

function cron(expression: string): CronSchedule {
  const parsed = parseCronSchedule(expression);
  assert.ok("schedule" in parsed, JSON.stringify(parsed));
  return parsed.schedule;
}

function plan(
  expression: string | undefined,
  from: number | undefined,
  now: number,
  more: Partial<Omit<ScheduleSituation, "settings">> & { readonly settings?: Partial<ScheduleSettings> } = {},
) {
  const situation: ScheduleSituation = {
    cron: expression === undefined ? undefined : cron(expression),
    from: from === undefined ? undefined : MIDNIGHT + from,
    now: MIDNIGHT + now,
    open: [],
    keep: 5,
    ...more,
    settings: { ...DEFAULT_SCHEDULE_SETTINGS, ...more.settings },
  };
  const { slots, next } = planSchedule(situation);
  return {
    slots: slots.map(({ slot, trigger, state, reason }) =>
      `${slot - MIDNIGHT} ${trigger} ${state}${reason === undefined ? "" : `: ${reason}`}`
    ),
    next: next === NEVER ? NEVER : next - MIDNIGHT,
    corrects: mayCorrect(situation),
  };
}

const MISSED = "schedule skipped: missed: no service ran it before the next slot came";

Deno.test("planSchedule() owes nothing of a schedule that nobody has looked at, and begins with the next slot", () => {
  assert.deepEqual(plan("* * * * *", undefined, 30), { slots: [], next: 60, corrects: false });
  assert.deepEqual(plan("* * * * *", undefined, 60), { slots: [], next: 120, corrects: false });
  assert.deepEqual(plan("@every 90s", undefined, 30), { slots: [], next: 120, corrects: false });
});

Deno.test("planSchedule() parks what is disabled or invalid, whatever its time says", () => {
  for (const from of [undefined, -60, 0, 60]) {
    assert.deepEqual(plan(undefined, from, 0).slots, []);
    assert.equal(plan(undefined, from, 0).next, NEVER);
  }
});

Deno.test("planSchedule() runs the slot that has come, in its second", () => {
  assert.deepEqual(plan("* * * * *", 60, 60), { slots: ["60 schedule claimed"], next: 120, corrects: false });
  assert.deepEqual(plan("* * * * *", 60, 90).slots, ["60 schedule claimed"]);
  assert.deepEqual(plan("* * * * *", 60, 59), { slots: [], next: 60, corrects: false });
});

Deno.test("planSchedule() takes a time that is no slot as a lower bound", () => {
  assert.deepEqual(plan("* * * * *", 61, 119).slots, []);
  assert.deepEqual(plan("* * * * *", 61, 119).next, 120);
  assert.deepEqual(plan("* * * * *", 61, 120).slots, ["120 schedule claimed"]);
});

Deno.test("planSchedule() catches up on the latest slot, and records the others as missed", () => {
  assert.deepEqual(plan("* * * * *", 60, 215), {
    slots: [`60 ${MISSED}`, `120 ${MISSED}`, "180 catch-up claimed"],
    next: 240,
    corrects: false,
  });
});

Deno.test("planSchedule() records no more than is kept, and says with the oldest what is left out", () => {
  const { slots } = plan("* * * * *", 60, 60 * 12);
  assert.equal(slots.length, 5);
  assert.equal(slots[0], `480 ${MISSED}; so were 7 before it since 2025-03-01T00:01:00Z`);
  assert.equal(slots.at(-1), "720 schedule claimed");
  const years = plan("* * * * * *", -500_000_000, 7);
  assert.deepEqual(years.slots.map((text) => Number(text.split(" ")[0])), [3, 4, 5, 6, 7]);
  assert.match(years.slots[0]!, /; so were all before it since 2009-04-26T23:06:40Z$/);
  const every = plan("@every 7s", -500_000_000, 7);
  assert.deepEqual(
    every.slots.map((text) => Number(text.split(" ")[0])).map((slot) => (slot + 500_000_000) % 7),
    [
      0,
      0,
      0,
      0,
      0,
    ],
  );
});

Deno.test("planSchedule() finds the latest slots of a schedule that fires in bursts, long ago", () => {
  const { slots } = plan("* * 0 1 1 *", -60 * 86_400 * 365, 0, { keep: 100 });
  assert.equal(slots.length, 100);
  // The first hour of the first of January is two months ago.
  assert.match(slots.at(-1)!, new RegExp(`^${3599 - 59 * 86_400} catch-up claimed`));
});

Deno.test("planSchedule() skips a slot that is older than its deadline", () => {
  const settings = { startingDeadlineSeconds: 10 };
  assert.deepEqual(plan("* * * * *", 60, 70, { settings }).slots, ["60 schedule claimed"]);
  assert.deepEqual(plan("* * * * *", 60, 71, { settings }).slots, [
    "60 schedule skipped: missed: found 11 s after its slot, and starting_deadline_seconds is 10",
  ]);
});

Deno.test("planSchedule() skips a slot under Forbid while a run goes, and says which", () => {
  const open = [{ id: "s@0", slot: MIDNIGHT }];
  const going = "schedule skipped: the run s@0 was still going, and concurrency_policy is Forbid";
  assert.deepEqual(plan("* * * * *", 60, 60, { open }).slots, [`60 ${going}`]);
  // Slots of the last seconds were not missed by anybody.
  assert.deepEqual(plan("* * * * * *", 9, 10, { open }).slots, [`9 ${going}`, `10 ${going}`]);
  for (const concurrencyPolicy of ["Allow", "Replace"] as const) {
    assert.deepEqual(plan("* * * * *", 60, 60, { open, settings: { concurrencyPolicy } }).slots, [
      "60 schedule claimed",
    ]);
  }
});

Deno.test("planSchedule() corrects a time in the future that is not the next slot", () => {
  assert.deepEqual(plan("* * * * *", 60, 0), { slots: [], next: 60, corrects: false });
  for (const from of [59, 61, 120, 3600, NEVER - MIDNIGHT]) {
    assert.deepEqual(plan("* * * * *", from, 0), { slots: [], next: 60, corrects: true });
  }
});

Deno.test("planSchedule() does not go back behind what the ledger holds, but for a clock that was far off", () => {
  // The clock was set back by an hour, or another scheduler's is ahead.
  assert.equal(plan("* * * * *", 3660, 0, { latestSlot: MIDNIGHT + 3600 }).next, 3660);
  assert.equal(plan("* * * * *", 120, 59, { latestSlot: MIDNIGHT + 60 }).next, 120);
  assert.equal(plan("* * * * *", 3660, 0, { latestSlot: MIDNIGHT - 60 }).next, 60);
  assert.equal(plan("* * * * *", 90_000_060, 0, { latestSlot: MIDNIGHT + 90_000_000 }).next, 60);
});

Deno.test("planSchedule() keeps the rhythm of @every, and a time not further away than one interval", () => {
  assert.deepEqual(plan("@every 90s", 37, 40), {
    slots: ["37 schedule claimed"],
    next: 127,
    corrects: false,
  });
  assert.deepEqual(plan("@every 90s", 37, 130), {
    slots: [`37 ${MISSED}`, "127 schedule claimed"],
    next: 217,
    corrects: false,
  });
  assert.deepEqual(plan("@every 90s", 90, 0), { slots: [], next: 90, corrects: false });
  assert.deepEqual(plan("@every 90s", 91, 0), { slots: [], next: 90, corrects: true });
});

Deno.test("planSchedule() parks a schedule that has no slots any more", () => {
  const once: CronSchedule = {
    expression: "once",
    reading: "six-fields",
    timezone: "UTC",
    next: (after) => after < MIDNIGHT ? MIDNIGHT : undefined,
    has: (slot) => slot === MIDNIGHT,
  };
  assert.deepEqual(plan("* * * * *", 0, 0, { cron: once }), {
    slots: ["0 schedule claimed"],
    next: NEVER,
    corrects: false,
  });
  assert.equal(plan("* * * * *", undefined, 0, { cron: once }).next, NEVER);
});

Deno.test("planSchedule() accounts for every slot once, however its passes fall", () => {
  const random = seededRandom(3);
  for (const expression of ["* * * * *", "*/7 * * * * *", "@every 13s", "5,6,50 */2 * * * *"]) {
    const schedule = cron(expression);
    let from: number | undefined;
    let now = 0;
    const seen: number[] = [];
    for (let pass = 0; pass < 300; pass++) {
      const planned = plan(expression, from, now, { keep: 1000 });
      for (const text of planned.slots) seen.push(MIDNIGHT + Number(text.split(" ")[0]));
      from = planned.next;
      assert.ok(from > now, `${expression} at ${now}`);
      now += random.below(4) === 0 ? random.below(2000) : random.below(20);
    }
    for (const [index, slot] of seen.entries()) {
      if (index > 0) assert.equal(slot, schedule.next(seen[index - 1]!), expression);
    }
    assert.ok(seen.length > 100);
  }
});

Deno.test("planSchedule() skips slots on closed days with the reason, whether they are late or not", () => {
  const daily = parseCronSchedule("0 15 * * *");
  assert.ok("schedule" in daily);
  const kept = keepToDays(daily.schedule, "XNYS", shippedCalendars);
  assert.ok("schedule" in kept);
  const at = (text: string) => Date.parse(text) / 1000;
  const { slots, next } = planSchedule({
    cron: kept.schedule,
    settings: DEFAULT_SCHEDULE_SETTINGS,
    from: at("2026-12-24T15:00:00Z"),
    now: at("2026-12-25T15:00:01Z"),
    open: [],
    keep: 10,
  });
  assert.deepEqual(slots.map(({ state, reason }) => `${state}: ${reason}`), [
    "skipped: missed: no service ran it before the next slot came",
    "skipped: XNYS is closed on 2026-12-25",
  ]);
  assert.equal(next, at("2026-12-26T15:00:00Z"));
});
