import assert from "node:assert/strict";
import { ApiError } from "../../cli/client/api_client.ts";
import type { StoredLogLine } from "../../lib/logs/line_format.ts";
import type { Backtest } from "../../services/contract/backtests.ts";
import { archiveOf, deployScript, requestOf, uploadArchive } from "../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

/** Prints numbered lines with a mark that no other process has, and returns it. */
const SCRIPT = `
import os, sys, time

def main(id, config):
    mark = os.urandom(6).hex()
    for n in range(config.get("lines", 5)):
        print(f"{mark} {n}", flush=True)
        print(f"{mark} {n} err", file=sys.stderr, flush=True)
        time.sleep(config.get("pause", 0))
    if config.get("exit"): sys.exit(config["exit"])
    return {"mark": mark, "order": 8389766036995847941}
`;

type Lines = readonly (StoredLogLine & { readonly run: string })[];

function parseLines(text: string): Lines {
  return text.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Checks that lines are those of one process: all of them, each once. @returns Its mark. */
function requireWhole(lines: Lines, count: number): string {
  const mark = lines[0]!.text.split(" ")[0]!;
  for (const stream of ["stdout", "stderr"] as const) {
    const end = stream === "stderr" ? " err" : "";
    const wanted = Array.from({ length: count }, (_, n) => `${mark} ${n}${end}`);
    assert.deepEqual(lines.filter((line) => line.stream === stream).map(({ text }) => text), wanted);
  }
  assert.equal(lines.length, 2 * count, "and no other line");
  return mark;
}

async function untilRun(service: ServiceFixture, runId: string, state: string) {
  const read = () => service.client.call("getRun", { params: { runId } });
  await until(`the run ${runId} is ${state}`, async () => (await read()).state === state);
  return await read();
}

Deno.test("runs of one schedule overlap, and each has its own log and its own result", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const { client } = service;
  const id = "all";
  const settings = { concurrency_policy: "Allow" };
  const config = '{"lines": 300, "pause": 0.005}';
  await deployScript(client, { id, script: SCRIPT, schedule: "0 0 1 1 *", settings, config });
  const runs = await Promise.all([1, 2, 3].map(() => client.call("runSchedule", { params: { id } })));
  assert.equal(new Set(runs.map((run) => run.id)).size, 3);
  const marks = new Set<string>();
  // Followed from the beginning, and read afterwards.
  const followed = await Promise.all(
    runs.map((run) => client.text("getRunLog", { params: { runId: run.id }, query: { follow: "true" } })),
  );
  for (const [index, { id: runId, requestedBy }] of runs.entries()) {
    const run = await untilRun(service, runId, "succeeded");
    assert.deepEqual([run.trigger, requestedBy], ["manual", "local"]);
    const text = await client.text("getRunLog", { params: { runId }, query: {} });
    const mark = requireWhole(parseLines(text), 300);
    assert.equal(followed[index], text, "what was followed is what is stored");
    marks.add(mark);
    const result = await client.text("getRunResult", { params: { runId } });
    assert.match(result, new RegExp(`"${mark}"`));
    assert.match(result, /8389766036995847941/);
  }
  assert.equal(marks.size, 3);
});

Deno.test("a run in progress is a conflict under Forbid; a failed run is tried again, with both attempts in its log", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const { client } = service;
  const id = "one";
  const config = '{"lines": 20, "pause": 0.1, "exit": 3}';
  await deployScript(client, {
    id,
    script: SCRIPT,
    schedule: "0 0 1 1 *",
    settings: { retries: 1 },
    config,
    enabled: false,
  });
  const first = await client.call("runSchedule", { params: { id } });
  await untilRun(service, first.id, "running");
  const refused = await client.call("runSchedule", { params: { id } }).catch((error) => error);
  assert.ok(refused instanceof ApiError);
  assert.deepEqual([refused.status, refused.code], [409, "run/in-progress"]);
  assert.match(refused.message, new RegExp(first.id.replaceAll(".", "\\.")));
  const { code, output } = await service.berth("run-now", id);
  assert.equal(code, 1);
  assert.match(output, /was still going, and concurrency_policy is Forbid/);
  const printed = await service.berth("run-log", first.id, "-f", "--json");
  assert.equal(printed.code, 1, "it has failed");
  const lines = parseLines(printed.stdout);
  const slot = first.id.split("@")[1]!;
  const attempts = [slot, `${slot}-r2`].map((run) => lines.filter((line) => line.run === run));
  const marks = attempts.map((attempt) => requireWhole(attempt, 20));
  assert.notEqual(marks[0], marks[1]);
  assert.equal(lines.length, 80);
  const run = await untilRun(service, first.id, "failed");
  assert.deepEqual([run.attempt, run.trigger, run.origin, run.exitCode], [2, "retry", "manual", 3]);
  assert.equal((await service.berth("runs", id, "--trigger", "retry", "--json")).code, 0);
});

async function untilBacktest(service: ServiceFixture, id: string, state: string): Promise<Backtest> {
  const read = () => service.client.call("getBacktest", { params: { id } });
  await until(`the backtest ${id} is ${state}`, async () => {
    const backtest = await read();
    if (backtest.state === "failed" && state !== "failed") throw new Error(backtest.reason);
    return backtest.state === state;
  });
  return await read();
}

Deno.test("backtests run one after the other, survive a restart of the service, and are cancelled", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { MAX_CONCURRENT_BACKTESTS: "1" } });
  const { client } = service;
  const code = await uploadArchive(client, archiveOf({ "main.py": SCRIPT, "test.py": SCRIPT }));
  const entrypoints = { bot: "main.py", backtest: "test.py" };
  await client.call("deploy", {
    body: { ...requestOf(code), entrypoints, enabled: false, config: '{"lines": 3}' },
  });
  const start = (config?: string) =>
    client.call("startBacktest", { body: { bot: "mine", ...(config !== undefined && { config }) } });
  const log = (id: string, query = {}) => client.text("getBacktestLog", { params: { id }, query });

  const long = await start('{"lines": 60, "pause": 0.1}');
  const short = await start();
  await untilBacktest(service, long.id, "running");
  assert.equal((await client.call("getBacktest", { params: { id: short.id } })).state, "queued");
  await service.stop();
  await service.start();
  const ended = await untilBacktest(service, long.id, "succeeded");
  // A busy engine notes the start some time after the program has begun.
  assert.ok(ended.durationMs! >= 5500, "it went on, and was not started again");
  requireWhole(parseLines(await log(long.id)), 60);
  await untilBacktest(service, short.id, "succeeded");
  requireWhole(parseLines(await log(short.id)), 3);

  const cancelled = await start('{"lines": 600, "pause": 0.1}');
  const waiting = await start();
  await untilBacktest(service, cancelled.id, "running");
  await until("it prints", async () => (await log(cancelled.id)) !== "");
  const following = log(cancelled.id, { follow: "true" });
  assert.equal((await service.berth("backtest", "--cancel", cancelled.id)).code, 0);
  const { reason } = await untilBacktest(service, cancelled.id, "cancelled");
  assert.match(reason!, /^cancelled by local; /);
  assert.equal(await following, await log(cancelled.id), "the follower has seen all of it");
  await untilBacktest(service, waiting.id, "succeeded");

  const { code: exit, stdout } = await service.berth("backtest", "--on-service", "mine", "--json");
  assert.equal(exit, 0);
  assert.match(
    stdout,
    /"state":"succeeded".*"result":\{"mark": ?"[0-9a-f]{12}", ?"order": ?8389766036995847941\}\}$/,
  );
  const list = JSON.parse((await service.berth("backtests", "mine", "--json")).stdout) as Backtest[];
  assert.deepEqual(list.map(({ state }) => state), [
    "succeeded",
    "succeeded",
    "cancelled",
    "succeeded",
    "succeeded",
  ]);
  const containers = await service.composed.runner.listManagedContainers(-1);
  assert.deepEqual(containers, [], "their containers are removed");
});
