import assert from "node:assert/strict";
import { isOpenRun, type RunRecord } from "../../services/schedules/run_repository.ts";
import { RunFixture } from "../support/fixtures/run_fixture.ts";
import { pause, until } from "../support/until.ts";

/** Waits until a slot is over, and nothing is left of it. */
async function untilOver({ runs, containers, folders }: RunFixture, id: string): Promise<RunRecord> {
  let record: RunRecord | undefined;
  await until(`the end of ${id}`, async () => {
    record = (await runs.list(id))[0];
    return record !== undefined && !isOpenRun(record) && (await containers()).length === 0 &&
      (await folders()).length === 0;
  }, 60_000);
  return record!;
}

for (const name of ["engine", "mongo", "minio", "nats"] as const) {
  Deno.test(`ScheduleService lets a run go on, and closes its record, when ${name} is down meanwhile`, async () => {
    await using fixture = await RunFixture.open();
    const { start, schedule, proxies, runs, id, starts } = fixture;
    const berth = start({ SERVICES: "schedules", LOG_INTERVAL: "1" });
    await berth.logged(/Events come from the stream/);
    const slot = await schedule("one", { takes: 4, mark: 1 });
    await until("it runs", async () => (await runs.list(id("one")))[0]?.state === "running");
    await proxies[name].cut();
    await pause(6000, "longer than the run takes");
    await proxies[name].open();
    const { state, exitCode, attempt, durationMs, resultStatus } = await untilOver(fixture, id("one"));
    // One that is stopped or removed has another exit code, or none.
    assert.deepEqual([state, exitCode, attempt, resultStatus], ["succeeded", 0, 1, "stored"]);
    // The engine notes a start a moment after it.
    assert.ok(durationMs! >= 3000, `${durationMs}`);
    assert.equal(starts.get(`${id("one")}@${slot}`), 1);
  });

  Deno.test(`ScheduleService runs a slot once that comes while ${name} is down`, async () => {
    await using fixture = await RunFixture.open();
    const { start, schedule, proxies, id, starts } = fixture;
    const berth = start({ SERVICES: "schedules", LOG_INTERVAL: "1" });
    await berth.logged(/Events come from the stream/);
    const slot = await schedule("one", {});
    await proxies[name].cut();
    await pause(slot * 1000 - Date.now() + 3000, "the slot comes and goes");
    await proxies[name].open();
    const { state, exitCode, trigger, startLagMs } = await untilOver(fixture, id("one"));
    assert.deepEqual([state, exitCode, trigger], ["succeeded", 0, "schedule"]);
    assert.equal(starts.get(`${id("one")}@${slot}`), 1);
    // Found soon after the return, not at the next regular look.
    assert.ok(startLagMs! >= 0 && startLagMs! < 20_000, `${startLagMs}`);
  });
}
