/** States whose time passes while Berth is down, and states on a disk that is full. */
import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { mountSmallDisk } from "../support/small_disk.ts";
import { until } from "../support/until.ts";

const ENV = { RECONCILE_INTERVAL: "1" };
const DAY_MS = 86_400_000;

const yaml = (version: string) =>
  `name: keeper\nversion: "${version}"\nruntime: python3.11\nentrypoints:\n  bot: main.py\nstate: true\n`;

async function berth(service: ServiceFixture, ...args: string[]): Promise<string> {
  const { code, output } = await service.berth(...args);
  assert.equal(code, 0, output);
  return output;
}

async function deploy(service: ServiceFixture, version: string, main: string, ...more: string[]) {
  const folder = await writeBot(`${service.temp}/keeper`, {
    "bot-config.yaml": yaml(version),
    "main.py": main,
  });
  await berth(service, "deploy", folder, ...more);
}

function stateOf({ client }: ServiceFixture) {
  return client.call("getState", { params: { id: "keeper" } });
}

async function untilLogged(service: ServiceFixture, text: RegExp): Promise<void> {
  await until(`the line ${text}`, async () => text.test((await service.berth("logs", "keeper")).output));
}

/** Replaces two files all the time, the second after the first. */
const WRITER = `
import os, time
def main(id, config):
    os.chdir(os.environ["STATE_DIR"])
    print("started", flush=True)
    count = 0
    while True:
        count += 1
        for name in ("one", "two"):
            open(name + ".new", "w").write(str(count) * 20_000)
            os.replace(name + ".new", name)
        if count == 3: print("written", flush=True)
        time.sleep(0.01)
`;

Deno.test("a running bot's state becomes a snapshot when its interval is over, without a stop", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: ENV });
  await deploy(service, "1", WRITER);
  await untilLogged(service, /written$/m);
  assert.deepEqual((await stateOf(service)).snapshots, []);
  // A day passes: the state is as if it had been made the day before.
  await service.stop();
  const file = `${service.env.DATA_DIR}/state/${service.env.BERTH_INSTANCE}/keeper/meta.json`;
  const meta = JSON.parse(await Deno.readTextFile(file));
  const madeAt = new Date(Date.parse(meta.madeAt) - DAY_MS).toISOString();
  await Deno.writeTextFile(file, JSON.stringify({ ...meta, madeAt }));
  await service.start();
  await until("the snapshot", async () => (await stateOf(service)).snapshots[0]?.isStored === true);
  const { snapshots } = await stateOf(service);
  assert.deepEqual(snapshots.map(({ reason, consistency }) => [reason, consistency]), [[
    "interval",
    "crash",
  ]]);
  assert.match(await berth(service, "state", "ls", "keeper"), /made while the bot ran/);
  const { output } = await service.berth("logs", "keeper");
  assert.equal(output.match(/started$/gm)?.length, 1, output);
  // Each file is whole, though it is replaced a hundred times a second.
  await berth(
    service,
    "state",
    "get",
    `keeper@${snapshots[0]!.name}`,
    "--out",
    `${service.temp}/state.tar.gz`,
  );
  const read = new Deno.Command("tar", { args: ["xOzf", `${service.temp}/state.tar.gz`, ".the0-state/one"] });
  const text = new TextDecoder().decode((await read.output()).stdout);
  const [number] = /^(\d+?)\1{19999}$/.exec(text)?.slice(1) ?? [];
  assert.ok(Number(number) >= 3, `${text.length} bytes`);
});

Deno.test("a new version whose state cannot be used does not stop the old one", async () => {
  await using service = await ServiceFixture.open({
    engine: true,
    env: { ...ENV, BOT_STATE_LIMIT_MB: "8" },
  });
  const { client, env } = service;
  const running = async () => (await client.call("getBot", { params: { id: "keeper" } })).containerId;
  const more = (mb: number) => ({ main: `${WRITER}\n# ${mb}\n`, state: `state:\n  max_mb: ${mb}\n` });
  const put = async (version: string, { main, state }: { main: string; state: string }) => {
    const config = yaml(version).replace("state: true\n", state);
    const folder = await writeBot(`${service.temp}/keeper`, { "bot-config.yaml": config, "main.py": main });
    return await service.berth("deploy", folder, "--no-wait");
  };
  const untilDescribed = (text: RegExp) =>
    until(`${text}`, async () => text.test(await berth(service, "describe", "keeper")));
  assert.equal((await put("1", more(4))).code, 0);
  await untilLogged(service, /written$/m);
  const first = await running();
  // A document that a start would refuse is not deployed.
  const refused = await put("2", more(64));
  assert.match(refused.output, /state\.max_mb: must be at most 8, .*BOT_STATE_LIMIT_MB \(is 64\)/);
  assert.notEqual(refused.code, 0);
  assert.equal(await running(), first);
  // A disk that is gone.
  const folder = `${env.DATA_DIR}/state/${env.BERTH_INSTANCE}/keeper`;
  await Deno.rename(folder, `${folder}-away`);
  assert.equal((await put("3", more(5))).code, 0);
  await untilDescribed(/The state of 'keeper' is gone from .*berth state restore/s);
  assert.equal(await running(), first);
  await Deno.rename(`${folder}-away`, folder);
  await until("the new version", async () => (await running() ?? first) !== first);
});

/** Has folders whose names are not UTF-8, and a file with the name of the manifest in snapshots. */
const NAMES = `
import os, time
def main(id, config):
    os.chdir("/state")
    if not os.path.exists("position"):
        for name in (b"\\xff", b"\\xfe"):
            os.mkdir(name)
            open(name + b"/file", "wb").write(os.urandom(3_000_000))
        open(".berth-state.json", "w").write("the bot's own")
        open("position", "w").write("1")
    print("position", open("position").read(), open(".berth-state.json").read(), os.listdir(b"."), flush=True)
    open("position", "w").write("2")
    while True: time.sleep(0.05)
`;

Deno.test("a state with names that are not UTF-8 is restored without them, and keeps no bot from its start", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: ENV });
  await deploy(service, "1", NAMES);
  await untilLogged(service, /position 1 the bot's own/);
  assert.match(await berth(service, "state", "snapshot", "keeper"), /2 files/);
  // A file with such a name counts.
  const { bytes } = await stateOf(service);
  assert.ok(bytes! > 6_000_000 && bytes! < 7_000_000, `${bytes} bytes`);
  await berth(service, "restart", "keeper");
  await untilLogged(service, /position 2 the bot's own .*xff/);
  const { snapshots } = await stateOf(service);
  const asked = snapshots.find(({ reason }) => reason === "request")!;
  await berth(service, "state", "restore", `keeper@${asked.name}`);
  // The folder that was replaced cannot be removed by Berth, and that is all.
  await untilLogged(service, /position 2 the bot's own (?!.*xff)/);
  await berth(service, "remove", "keeper", "--yes", "--purge");
  const root = `${service.env.DATA_DIR}/state/${service.env.BERTH_INSTANCE}`;
  assert.deepEqual(await Array.fromAsync(Deno.readDir(root)), []);
});

/** Fills its disk at its first start, as far as it is told. */
const FILLER = `
import os, time
def main(id, config):
    os.chdir(os.environ["STATE_DIR"])
    if not os.path.exists("history"):
        with open("history", "wb", buffering=0) as file:
            try:
                for _ in range(config["blocks"]): file.write(os.urandom(65536))
            except OSError as error: print(error.strerror, flush=True)
    print("keeps", os.stat("history").st_size, flush=True)
    while True: time.sleep(0.05)
`;

Deno.test("on a full disk, snapshots, restores and starts say so and leave nothing; the bot goes on, and starts once there is space", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: ENV });
  const root = `${service.env.DATA_DIR}/state/${service.env.BERTH_INSTANCE}`;
  await using disk = await mountSmallDisk(root, "2m");
  if (!disk) return;
  const filesIn = async (folder: string) =>
    (await Array.fromAsync(Deno.readDir(`${root}/keeper/${folder}`)).catch(() => [])).map(({ name }) => name);
  const folders = async () => (await filesIn("")).filter((name) => name.startsWith("data-"));
  await Deno.writeTextFile(`${service.temp}/config.json`, '{"blocks": 18}');
  await deploy(service, "1", FILLER, "--config", `${service.temp}/config.json`);
  await untilLogged(service, /keeps 1179648$/m);
  const [data] = await folders();

  const full = /The disk of the service is full/;
  const snapshot = await service.berth("state", "snapshot", "keeper");
  assert.deepEqual([snapshot.code, full.test(snapshot.output)], [1, true], snapshot.output);
  assert.deepEqual(await filesIn("outbox"), []);
  // Where there is space, the same works.
  await berth(service, "state", "get", "keeper");
  const put = await service.berth("state", "put", "keeper", "keeper.tar.gz");
  assert.deepEqual([put.code, full.test(put.output)], [1, true], put.output);
  assert.deepEqual(await folders(), [data]);
  assert.match(await berth(service, "ps"), /^keeper .* running$/m);

  // Not one byte is left: a new version cannot be recorded.
  await Deno.writeFile(`${root}/filler`, new Uint8Array(2 * 1024 ** 2)).catch(() => {});
  await deploy(service, "2", `${FILLER}\n# 2\n`, "--config", `${service.temp}/config.json`, "--no-wait");
  let shown = "";
  await until("the reason", async () => {
    shown = await berth(service, "describe", "keeper");
    return /Cannot use the state of 'keeper'.*No space left.*free space/s.test(shown);
  }).catch((error) => {
    throw new Error(`${error.message}:\n${shown}`);
  });
  await Deno.remove(`${root}/filler`);
  await until(
    "two starts",
    async () => (await service.berth("logs", "keeper")).output.match(/keeps 1179648$/gm)?.length === 2,
  );
  assert.deepEqual([await folders(), await filesIn("outbox")], [[data], []]);
});
