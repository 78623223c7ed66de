import assert from "node:assert/strict";
import { scheduleRow } from "../../../../cli/output/schedule_rows.ts";
import { describeLast, describeNext } from "../../../../cli/output/schedule_words.ts";
import type { RunRecord } from "../../../../services/schedules/run_repository.ts";
import { NEVER } from "../../../../services/schedules/schedule_repository.ts";

const NOW = Date.parse("2026-01-31T12:34:30Z");
const SLOT = Date.parse("2026-01-31T12:35:00Z") / 1000;

function stored(config: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const custom = { version: "1", filePath: "x", config: { entrypoints: { bot: "main.py" } } };
  return { key: "a", document: { id: "a", config, custom, ...more } };
}

function record(more: Partial<RunRecord>): RunRecord {
  const at = new Date(NOW - 90_000);
  return {
    id: "a@1",
    scheduleId: "a",
    slot: 1,
    trigger: "schedule",
    state: "succeeded",
    instance: "main",
    seenAt: at,
    claimedAt: at,
    attempt: 1,
    ...more,
  };
}

Deno.test("scheduleRow() puts a schedule and its latest record side by side", () => {
  const last = record({});
  assert.deepEqual(scheduleRow(stored({ schedule: "* * * * *" }), last, NOW), {
    kind: "schedule",
    id: "a",
    enabled: true,
    version: "1",
    runtime: "python3.11",
    schedule: "* * * * *",
    next: new Date(SLOT * 1000),
    last,
  });
});

for (
  const [what, config, more, next] of [
    ["one that nobody has looked at", {}, {}, "2026-01-31T12:35:00Z, in 30s"],
    ["one that is due", {}, { next_execution_time: SLOT - 60 }, "2026-01-31T12:34:00Z, due"],
    [
      "a time that is not the expression's",
      {},
      { next_execution_time: SLOT + 7 },
      "2026-01-31T12:35:00Z, in 30s",
    ],
    [
      "one that was disabled, and is again",
      {},
      { next_execution_time: NEVER },
      "2026-01-31T12:35:00Z, in 30s",
    ],
    ["one that is disabled", { enabled: false }, {}, "-"],
    [
      "the rhythm of @every",
      { schedule: "@every 1h" },
      { next_execution_time: SLOT + 7 },
      "2026-01-31T12:35:07Z, in 37s",
    ],
    [
      "another time zone",
      { schedule: "0 9 * * *", berth: { timezone: "Asia/Tokyo" } },
      {},
      "2026-02-01T00:00:00Z, in 11h",
    ],
    ["one that cannot be run", { schedule: "31 2" }, {}, "-"],
  ] as const
) {
  Deno.test(`describeNext() says when ${what} is run`, () => {
    const row = scheduleRow(stored({ schedule: "* * * * *", ...config }, more), undefined, NOW);
    assert.equal(describeNext(row, NOW), next);
  });
}

Deno.test("describeLast() says why a schedule cannot be run, or what became of its latest slot", () => {
  const say = (last?: RunRecord) => describeLast(scheduleRow(stored({ schedule: "@daily" }), last, NOW), NOW);
  const finishedAt = new Date(NOW - 60_000);
  assert.equal(say(), "-");
  assert.equal(say(record({ finishedAt, reason: "" })), "succeeded 1m ago");
  assert.equal(say(record({ state: "failed", finishedAt, reason: "no" })), "failed 1m ago: no");
  assert.equal(say(record({ state: "running", startedAt: new Date(NOW - 5000) })), "running for 5s");
  assert.equal(say(record({ state: "claimed", reason: "waiting: x" })), "claimed for 1m: waiting: x");
  assert.equal(say(record({ state: "skipped", reason: "missed" })), "skipped 1m ago: missed");
  const never = scheduleRow(stored({ schedule: "0 0 30 2 *" }), record({}), NOW);
  assert.match(describeLast(never, NOW), /^invalid: config\.schedule: .*never/);
  const zone = { schedule: "0 9 * * *", berth: { timezone: "Asia/Tokyo" } };
  assert.equal(scheduleRow(stored(zone), undefined, NOW).schedule, "0 9 * * * (Asia/Tokyo)");
});
