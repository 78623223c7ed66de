import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

/** Counts its starts in a file, and says how often it has started and who it is. */
const COUNTER = `
import os, time

def main(id, config):
    path = os.path.join(os.environ["STATE_DIR"], "starts")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    count = int(open(path).read()) + 1 if os.path.exists(path) else 1
    with open(path + ".new", "w") as file:
        file.write(str(count))
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    print("start", count, "version", config.get("v"), flush=True)
    if config.get("fills"):
        with open(os.path.join(os.environ["STATE_DIR"], "history"), "wb", buffering=0) as file:
            for _ in range(8):
                file.write(b"x" * 1_000_000)
    while True:
        time.sleep(0.05)
`;

const yaml = (version: string, more = "state: true") => `
name: counter
version: "${version}"
runtime: python3.11
entrypoints:
  bot: main.py
${more}
`;

async function bot(service: ServiceFixture, version: string, more?: string): Promise<string> {
  const folder = `${service.temp}/counter`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/main.py`, COUNTER + `\n# ${version}\n`);
  await Deno.writeTextFile(`${folder}/bot-config.yaml`, yaml(version, more));
  return folder;
}

async function berth(service: ServiceFixture, ...args: string[]): Promise<string> {
  const { code, output } = await service.berth(...args);
  assert.equal(code, 0, output);
  return output;
}

async function untilLogged(service: ServiceFixture, id: string, text: RegExp): Promise<void> {
  let log = "";
  await until(`the line ${text}`, async () => {
    log = (await service.berth("logs", id)).output;
    return text.test(log);
  }).catch((error) => {
    throw new Error(`${error.message}; the log:\n${log}`);
  });
}

Deno.test("a bot keeps its state over restart, crash, upgrade and removal; snapshots and restores go through the command", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  const id = "counter";
  const state = () => service.client.call("getState", { params: { id } });
  await berth(service, "deploy", await bot(service, "1"));
  await untilLogged(service, id, /start 1 /);
  await berth(service, "restart", id);
  await untilLogged(service, id, /start 2 /);
  const { folder } = await state();
  const info = await Deno.stat(folder!);
  assert.equal(info.mode! & 0o777, 0o700);
  if (Deno.uid() === 0) assert.ok(info.uid! > 1000, `it belongs to ${info.uid}`);

  // By hand, while the bot runs.
  assert.match(
    await berth(service, "state", "snapshot", id),
    /^counter@\d{8}T\d{9}Z: 1 file, 1 B; the bot ran/,
  );
  await berth(service, "deploy", await bot(service, "2"));
  await untilLogged(service, id, /start 3 /);
  await until("the snapshot before the upgrade", async () => (await state()).snapshots.length >= 2);
  await berth(service, "disable", id);
  await until("the snapshot after the stop", async () => (await state()).snapshots[0]!.reason === "stop");
  const list = await berth(service, "state", "ls", id);
  assert.match(list, /SNAPSHOT +FILES +SIZE +VERSION +WHY/);
  assert.match(list, /made while the bot ran/);

  // Back to the one by hand.
  const byHand = (await state()).snapshots.find(({ reason }) => reason === "request")!;
  await berth(service, "enable", id);
  await untilLogged(service, id, /start 4 /);
  assert.match(
    await berth(service, "state", "restore", `${id}@${byHand.name}`),
    new RegExp(`counter has snapshot ${byHand.name}`),
  );
  await until("the restored count", async () => {
    const { output } = await service.berth("logs", id);
    return output.split("start 3 ").length === 3;
  });
  // The snapshot of the stop is the one that was replaced.
  assert.equal((await state()).snapshots[0]!.reason, "stop");

  // Down and up again, and into another bot: refused.
  await berth(service, "state", "get", id);
  const tar = await new Deno.Command("tar", { args: ["tzf", `${service.temp}/${id}.tar.gz`] }).output();
  const names = new TextDecoder().decode(tar.stdout).split("\n");
  assert.deepEqual(names.filter(Boolean).sort(), [".berth-state.json", ".the0-state", ".the0-state/starts"]);
  await berth(service, "deploy", await bot(service, "2"), "--id", "other");
  await untilLogged(service, "other", /start 1 /);
  const refused = await service.berth("state", "put", "other", `${id}.tar.gz`);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /snapshot of bot 'counter', not of 'other'/);
  await berth(service, "state", "put", id, `${id}.tar.gz`);
  await until("the count of the file", async () => {
    const { output } = await service.berth("logs", id);
    return output.split("start 4 ").length === 3;
  });

  await berth(service, "remove", id, "--yes");
  await until(
    "its end",
    async () => (await service.client.call("listBots", { query: {} })).bots.length === 1,
  );
  await Deno.stat(folder!).catch(() => Deno.stat(service.env.DATA_DIR! + "/state"));
  await berth(service, "deploy", await bot(service, "2"));
  await until("the count after its return", async () => {
    const { output } = await service.berth("logs", id);
    return output.split("start 5 ").length === 2;
  });
  assert.match(await berth(service, "remove", id, "other", "--yes", "--purge"), /snapshots? of its state/);
  const left = await Array.fromAsync(
    Deno.readDir(`${service.env.DATA_DIR}/state/${service.env.BERTH_INSTANCE}`),
  );
  assert.deepEqual(left, []);
});

Deno.test("a bot whose state grows over its limit is warned of, stopped with the reason, and started once it may keep more", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  const id = "counter";
  const folder = await bot(service, "1", "state:\n  max_mb: 4");
  await Deno.writeTextFile(`${folder}/config.json`, '{"fills": true}');
  await berth(service, "deploy", folder, "--config", `${folder}/config.json`, "--no-wait");
  let shown = "";
  await until("the reason", async () => {
    shown = (await service.berth("describe", id)).output;
    return /keeps \d+ MB of state and may keep 4 MB.*history.*max_mb/s.test(shown);
  }, 150_000).catch((error) => {
    throw new Error(`${error.message}; describe shows:\n${shown}`);
  });
  await until("no start with a state too large", async () => {
    shown = (await service.berth("describe", id)).output;
    return /not started: its state takes \d+ MB and may take 4 MB/.test(shown);
  });
  const { folder: kept } = await service.client.call("getState", { params: { id } });
  // Stopped, and not cut off.
  assert.equal((await Deno.stat(`${kept}/.the0-state/history`)).size, 8_000_000);
  await Deno.writeTextFile(`${folder}/config.json`, "{}");
  await Deno.writeTextFile(`${folder}/bot-config.yaml`, yaml("1", "state:\n  max_mb: 8"));
  await berth(service, "deploy", folder, "--config", `${folder}/config.json`);
  await until("the warning", async () => {
    shown = (await service.berth("describe", id)).output;
    return /its state takes \d+ MB and may take 8 MB/.test(shown);
  }, 150_000);
});

/** Makes links at its first start; at each later one prints what they are, and removes them. */
const LINKS = `
import json, os, time

LINKS = {"latest": "runs/one", "runs/up": "../latest", "whole": "/state/.the0-state/runs", "system": "/etc/hostname",
    "-n": "runs", "runs/a b'": "gone\\n"} | {f"runs/{n}": "x" * 2000 for n in range(300)}

def main(id, config):
    os.chdir(os.environ["STATE_DIR"])
    if not os.path.isdir("runs"):
        os.mkdir("runs")
        open("runs/one", "w").write("first")
        for path, target in LINKS.items(): os.symlink(target, path)
        print("made", flush=True)
    else:
        same = all(os.path.islink(path) and os.readlink(path) == target for path, target in LINKS.items())
        print("found", same, open("runs/up").read(), os.path.exists("system"), flush=True)
        for path in LINKS: os.unlink(path)
    while True:
        time.sleep(0.05)
`;

Deno.test("symbolic links of a state are restored as the bot had them", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  const id = "counter";
  const folder = await bot(service, "1");
  await Deno.writeTextFile(`${folder}/main.py`, LINKS);
  await berth(service, "deploy", folder);
  await untilLogged(service, id, /made$/m);
  await berth(service, "state", "snapshot", id);
  await berth(service, "state", "get", id);
  await berth(service, "restart", id);
  const found = async () =>
    [...(await berth(service, "logs", id)).matchAll(/found (.*)$/gm)].map(([, words]) => words);
  for (const [at, args] of [["restore", id], ["put", id, `${id}.tar.gz`]].entries()) {
    await until("the links", async () => (await found()).length === at + 1);
    await berth(service, "state", ...args);
  }
  await until("the links of the file", async () => (await found()).length === 3);
  assert.deepEqual(await found(), Array(3).fill("True first True"));
  await using engine = await EngineFixture.open();
  const labels = { [LABEL.instance]: service.config.runner.instance };
  assert.equal((await engine.orchestrator.listContainers({ labels })).length, 1, "the bot's own alone");
});

/** Says whether another process writes to its state. */
const LOCKS = `
import fcntl, os, time

lock = None

def main(id, config):
    global lock
    os.makedirs(os.environ["STATE_DIR"], exist_ok=True)
    lock = open(os.path.join(os.environ["STATE_DIR"], "lock"), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("alone", flush=True)
    except OSError:
        print("NOT ALONE", flush=True)
    while True:
        time.sleep(0.05)

def on_stop(id, config):
    time.sleep(2)
    print("gone", flush=True)
`;

Deno.test("a replacement starts only after the container before has ended", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  const id = "counter";
  const folder = await bot(service, "1");
  for (const version of ["1", "2", "3"]) {
    await Deno.writeTextFile(`${folder}/main.py`, `${LOCKS}\n# ${version}\n`);
    await Deno.writeTextFile(`${folder}/bot-config.yaml`, yaml(version));
    await berth(service, "deploy", folder);
  }
  const said = async () =>
    [...(await berth(service, "logs", id)).matchAll(/(alone|NOT ALONE|gone)$/gm)].map(([word]) => word);
  await until("three starts", async () => (await said()).filter((word) => word === "alone").length === 3);
  assert.deepEqual(await said(), ["alone", "gone", "alone", "gone", "alone"]);
});

/** Counts its runs, and ends. */
const RUN = `
import os

def main(id, config):
    path = os.path.join(os.environ["STATE_DIR"], "runs")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    count = int(open(path).read()) + 1 if os.path.exists(path) else 1
    open(path, "w").write(str(count))
    return {"run": count}
`;

Deno.test("the runs of a schedule share a state; a backtest begins with none, and Allow is refused", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  const more = "  backtest: main.py\nschedule: '0 0 1 1 *'\nstate: true";
  const folder = await bot(service, "1", more);
  await Deno.writeTextFile(`${folder}/main.py`, RUN);
  await berth(service, "deploy", folder);
  for (const run of [1, 2]) {
    assert.match(await berth(service, "run-now", "counter", "--follow"), /succeeded/);
    const result = await service.client.call("listScheduleRuns", { params: { id: "counter" }, query: {} });
    const { id: runId } = result.runs[0]!;
    assert.equal(await service.client.text("getRunResult", { params: { runId } }), `{"run": ${run}}`);
  }
  assert.match(await berth(service, "backtest", "--on-service", "counter"), /"run":1\}/);
  await Deno.writeTextFile(`${folder}/bot-config.yaml`, yaml("1", `${more}\nconcurrency_policy: Allow`));
  const refused = await service.berth("deploy", folder);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /concurrency_policy: cannot be Allow with a state/);
});
