import assert from "node:assert/strict";
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
  // What was replaced is the snapshot of the stop.
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
