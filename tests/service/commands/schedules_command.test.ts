import assert from "node:assert/strict";
import type { RunRecord } from "../../../services/schedules/run_repository.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";

const SLOT = Date.parse("2026-01-31T12:00:00Z") / 1000;

const document = (config: Record<string, unknown>) => ({
  config,
  custom: { version: "1.2", filePath: "x", config: { entrypoints: { bot: "main.py" } } },
});

function recordOf(n: number, more: Partial<RunRecord> = {}): RunRecord {
  const slot = SLOT + n * 60;
  const at = new Date(slot * 1000);
  return {
    id: `report@${slot}`,
    scheduleId: "report",
    slot,
    trigger: "schedule",
    state: "succeeded",
    instance: "one",
    seenAt: at,
    claimedAt: at,
    startedAt: at,
    finishedAt: new Date((slot + 2) * 1000),
    durationMs: 2000,
    exitCode: 0,
    attempt: 1,
    ...more,
  };
}

async function openService(): Promise<ServiceFixture> {
  const service = await ServiceFixture.open();
  const body = document({
    schedule: "0 9 * * mon-fri",
    berth: { timezone: "America/New_York" },
    enabled: false,
  });
  await service.client.call("putSchedule", { params: { id: "report" }, body });
  await service.client.call("putSchedule", {
    params: { id: "other" },
    body: document({ schedule: "@daily" }),
  });
  await service.composed.stores.runs.insert([
    recordOf(0),
    recordOf(1, { attempt: 2, state: "failed", exitCode: 3, reason: "It ended with exit code 3." }),
    recordOf(2, { trigger: "manual", id: `report@${SLOT + 120}-manual`, requestedBy: "token ci" }),
  ]);
  return service;
}

Deno.test("berth schedules lists each with its times, its next slot and its latest run", async () => {
  await using service = await openService();
  const { code, stdout } = await service.berth("schedules");
  assert.equal(code, 0);
  assert.match(stdout, /^SCHEDULE +VERSION +ENABLED +RUNS AT +NEXT +LAST$/m);
  assert.match(stdout, /^other +1\.2 +yes +@daily +\d{4}-.*T00:00:00Z, in \d+[smh] +-$/m);
  assert.match(stdout, /^report +1\.2 +no +0 9 \* \* mon-fri \(America\/New_York\) +- +succeeded \d+d ago$/m);
  const [other, report] = JSON.parse((await service.berth("schedules", "--json")).stdout);
  assert.deepEqual([other.id, other.state, report.state], ["other", "scheduled", "disabled"]);
  assert.equal(report.lastRun.id, `report@${SLOT + 120}-manual`);
});

Deno.test("berth runs lists the latest runs with their cause, attempts and end", async () => {
  await using service = await openService();
  const { code, stdout } = await service.berth("runs", "report");
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  assert.match(lines[0]!, /^RUN +TRIGGER +ATTEMPT +TOOK +EXIT +STATE$/);
  assert.match(lines[1]!, /^report@\d+-manual +manual by token ci +1 +2\.0s +0 +succeeded \d+d ago$/);
  assert.match(
    lines[2]!,
    /^report@\d+ +schedule +2, a retry +2\.0s +3 +failed \d+d ago: It ended with exit code 3\.$/,
  );
  assert.equal(lines.length, 4);
  const ids = async (...args: string[]) =>
    JSON.parse((await service.berth("runs", "--json", ...args)).stdout).map(({ id }: { id: string }) => id);
  assert.deepEqual(await ids("--trigger", "retry"), [`report@${SLOT + 60}`]);
  assert.deepEqual(await ids("--state", "succeeded", "--limit", "1"), [`report@${SLOT + 120}-manual`]);
  assert.deepEqual(await ids("--until", "2026-01-31T12:01:00Z"), [`report@${SLOT}`]);
  assert.match((await service.berth("runs", "other")).output, /no such runs/);
  const unknown = await service.berth("runs", "nobody");
  assert.deepEqual([unknown.code, unknown.output], [1, "berth: There is no schedule 'nobody'."]);
  const wrong = await service.berth("runs", "--state", "exploded");
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /The state 'exploded' must be one of claimed, running, succeeded/);
  assert.equal((await service.berth("runs", "--limit", "0")).code, 2);
});

Deno.test("berth run-log prints the lines of one run, exactly as they are", async () => {
  await using service = await openService();
  const at = "2026-01-31T12:01:00.123456789Z";
  const line = (run: string, stream: string, message: string) =>
    `${JSON.stringify({ berth: { run }, timestamp: at, stream, message })}\n`;
  const text = line(`${SLOT + 60}`, "stdout", "first") + line(`${SLOT}`, "stdout", "other") +
    `{"berth":{"run":"${
      SLOT + 60
    }-r2"},"stream":"stdout","timestamp":"${at}","id":8389766036995847941,"x":1.10}\n` +
    line(`${SLOT + 60}-r2`, "stderr", "last");
  const { composed, config } = service;
  await composed.store.put(
    config.runner.buckets.logs,
    "logs/report/20260131.log",
    new TextEncoder().encode(text),
  );
  const run = `report@${SLOT + 60}`;
  const { code, stdout } = await service.berth("run-log", run);
  assert.equal(code, 0);
  assert.deepEqual(stdout.split("\n"), [
    "[2026-01-31 12:01:00.123] first",
    '[2026-01-31 12:01:00.123] {"id":8389766036995847941,"x":1.10}',
    "[2026-01-31 12:01:00.123] stderr: last",
  ]);
  const json = (await service.berth("run-log", run, "--json", "--tail", "1")).stdout;
  assert.deepEqual(JSON.parse(json), { time: at, stream: "stderr", text: "last", run: `${SLOT + 60}-r2` });
  assert.equal((await service.berth("run-log", run, "-f")).code, 1, "the run has failed");
  assert.equal((await service.berth("run-log", "report")).stdout, "", "the latest run printed nothing");
  for (
    const [args, message] of [[["report@1"], /no run 'report@1'/], [
      ["other"],
      /No run of 'other' has begun/,
    ]] as const
  ) {
    const { code, output } = await service.berth("run-log", ...args);
    assert.equal(code, 1);
    assert.match(output, message);
  }
});

Deno.test("berth run-now says why nothing runs", async () => {
  await using service = await openService();
  const unknown = await service.berth("run-now", "nobody");
  assert.equal(unknown.code, 1);
  assert.match(unknown.output, /no schedule 'nobody'|does not run schedules now/);
  const custom = { version: "1", filePath: "bot/1", config: { entrypoints: { bot: "main.py" } } };
  await service.client.call("putBot", { params: { id: "mine" }, body: { config: {}, custom } });
  const bot = await service.berth("run-now", "mine");
  assert.match(bot.output, /There is no schedule 'mine', but a bot of that id/);
  await service.stop();
  for (const args of [["run-now", "report"], ["runs"], ["schedules"], ["run-log", "report"]]) {
    const { code, output } = await service.berth(...args);
    assert.equal(code, 69);
    assert.match(output, /No service answers .*berth start/, args.join(" "));
  }
});
