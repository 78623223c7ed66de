import assert from "node:assert/strict";
import { ScheduleServiceFixture } from "../support/fixtures/schedule_service_fixture.ts";
import { until } from "../support/until.ts";

Deno.test("ScheduleService starts a slot's container in its second, never early, and keeps result and record", async () => {
  await using fixture = await ScheduleServiceFixture.open();
  await fixture.write("one", { schedule: "*/3 * * * * *", mark: "m", takes: 1 });
  await fixture.serve(async () => {
    const [first, second] = await fixture.untilFinal("one", 2);
    assert.equal((second!.slot - first!.slot) % 3, 0);
    for (const record of [first!, second!]) {
      assert.deepEqual([record.state, record.exitCode, record.resultStatus], ["succeeded", 0, "stored"]);
      assert.ok(record.startedAt!.getTime() >= record.slot * 1000, "never early");
      assert.equal(record.startLagMs, record.startedAt!.getTime() - record.slot * 1000);
      // A busy engine notes the start some time after the program has begun.
      assert.ok(record.durationMs! >= 500, `took ${record.durationMs} ms`);
      assert.equal(record.result, `one/runs/${record.slot}.json`);
      const { body } = await fixture.bots.store.get(fixture.bots.config.buckets.results, record.result!);
      const result = await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).json();
      assert.deepEqual(result, { id: "one", config: "m" });
    }
    await fixture.documents.deleteMany({});
    await until("no container is left", async () => (await fixture.bots.containers()).length === 0);
  });
});

Deno.test("ScheduleService replaces a run, stops one that takes too long, and tries a failed one again", async () => {
  await using fixture = await ScheduleServiceFixture.open();
  const { write, serve } = fixture;
  await write("replace", {
    schedule: "*/5 * * * * *",
    berth: { concurrency_policy: "Replace" },
    takes: 60,
  });
  await write("long", { schedule: "*/5 * * * * *", berth: { max_runtime_seconds: 2 }, takes: 60 });
  await write("fails", { schedule: "*/30 * * * * *", berth: { retries: 1 }, exit: 3 });
  await serve(async (service) => {
    const [replaced] = await fixture.untilFinal("replace");
    assert.match(
      replaced!.reason!,
      /^replaced by the run replace@\d+: it was stopped; exit code 143 \(SIGTERM\)$/,
    );
    const [long] = await fixture.untilFinal("long");
    assert.deepEqual([long!.state, long!.exitCode], ["timed-out", 143]);
    assert.ok(long!.durationMs! >= 2000 && long!.durationMs! < 30_000, `${long!.durationMs}`);
    await fixture.documents.deleteMany({ id: { $ne: "fails" } });
    for (const id of ["replace", "long"]) await service.check(id, new AbortController().signal);
    const [failed] = await fixture.untilFinal("fails");
    assert.deepEqual([failed!.state, failed!.attempt, failed!.exitCode], ["failed", 2, 3]);
    assert.match(failed!.containerName!, /-r2$/);
    await fixture.documents.deleteMany({});
  });
});

Deno.test("ScheduleService outlives its own end: a run goes on, and the next one collects it", async () => {
  await using fixture = await ScheduleServiceFixture.open();
  await fixture.write("one", { schedule: "0 0 1 1 *", takes: 4 });
  await fixture.serve(async (service) => {
    await until("the schedule is known", () => service.state.getSchedule("one") !== undefined);
    const run = await service.runNow("one");
    assert.ok("record" in run, JSON.stringify(run));
    await until("it runs", async () => (await fixture.runs.get(run.record.id))?.state === "running");
  });
  const [container] = await fixture.bots.containers();
  assert.equal(container?.phase, "running");
  await fixture.serve(async () => {
    const [record] = await fixture.untilFinal("one");
    assert.deepEqual([record!.state, record!.trigger, record!.attempt], ["succeeded", "manual", 1]);
    assert.ok(record!.durationMs! >= 3500, `took ${record!.durationMs} ms`);
    await until("its container is gone", async () => (await fixture.bots.containers()).length === 0);
  });
});
