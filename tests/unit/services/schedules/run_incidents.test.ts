import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { IncidentKey, Incidents } from "../../../../services/notifications/incidents.ts";
import { judgeRun, RunIncidents } from "../../../../services/schedules/run_incidents.ts";
import type { RunRecord } from "../../../../services/schedules/run_repository.ts";
import { ScheduleState } from "../../../../services/schedules/schedule_state.ts";
import { SqliteRunRepository } from "../../../../services/sqlite/sqlite_run_repository.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

const NOW = Date.UTC(2026, 0, 31, 12);

function run(minute: number, more: Partial<RunRecord>): RunRecord {
  const slot = NOW / 1000 + minute * 60;
  const at = new Date(slot * 1000);
  return {
    id: `nightly@${slot}`,
    scheduleId: "nightly",
    slot,
    trigger: "schedule",
    state: "succeeded",
    instance: "main",
    seenAt: at,
    claimedAt: at,
    attempt: 1,
    ...more,
  };
}

Deno.test("judgeRun() tells failures, time-outs and missed slots, and none of an operator's doing", () => {
  const kindOf = (more: Partial<RunRecord>) => {
    const verdict = judgeRun(run(0, more));
    return typeof verdict === "object" ? verdict.kind : verdict;
  };
  assert.equal(kindOf({ state: "failed", reason: "exit code 1" }), "run.failed");
  assert.equal(kindOf({ state: "timed-out" }), "run.timed_out");
  assert.equal(kindOf({ state: "skipped", reason: "missed: nobody was there" }), "run.missed");
  assert.equal(
    kindOf({ state: "skipped", reason: "not started within starting_deadline_seconds, 5" }),
    "run.missed",
  );
  assert.equal(
    kindOf({ state: "skipped", reason: "its schedule was disabled before it was started" }),
    undefined,
  );
  assert.equal(kindOf({ state: "running" }), undefined);
  assert.equal(kindOf({}), "recovered");
});

Deno.test("RunIncidents looks back at runs that ended right before, as the last process may not have told", async () => {
  using database = new DatabaseSync(":memory:");
  await using runs = new SqliteRunRepository(database);
  await runs.open();
  await runs.insert([
    run(-500, { state: "failed", scheduleId: "old", id: "old@1" }),
    run(-400, { state: "failed", scheduleId: "old", id: "old@2", finishedAt: new Date(NOW - 350 * 60_000) }),
    run(-300, { state: "failed", scheduleId: "long", id: "long@1", finishedAt: new Date(NOW - 60_000) }),
    run(-9, { state: "succeeded", scheduleId: "long", id: "long@2" }),
    run(-9, { state: "succeeded" }),
    run(-5, { state: "failed", reason: "exit code 1" }),
    run(-7, { state: "failed", scheduleId: "hourly", id: "hourly@1" }),
    run(-6, { state: "succeeded", scheduleId: "hourly", id: "hourly@2" }),
    run(-6, { state: "failed", scheduleId: "other", id: "other@1", instance: "another" }),
  ]);
  const lines: string[] = [];
  const note = (word: string) => ({ kind, bot }: IncidentKey) => void lines.push(`${word} ${kind} ${bot}`);
  const incidents = { open: note("open"), close: note("close"), closeAll() {} } as unknown as Incidents;
  const state = new ScheduleState();
  const stop = new AbortController();
  const clock = new FakeClock(NOW);
  const watching = new RunIncidents({ state, runs, incidents, instance: "main", clock }).run(stop.signal);
  await until("the look back", () => lines.length === 5);
  assert.deepEqual(lines.filter((line) => line.startsWith("open")), [
    "open run.failed long",
    "open run.failed nightly",
  ]);
  state.setRun(run(0, {}));
  assert.deepEqual(lines.slice(5), [
    "close run.failed nightly",
    "close run.timed_out nightly",
    "close run.missed nightly",
  ]);
  stop.abort();
  await watching;
});
