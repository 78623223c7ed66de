import assert from "node:assert/strict";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { findDeployment } from "../../cli/deploy/deploy_folder.ts";
import {
  berth,
  BOT_LOOP,
  CliProcess,
  cliVariables,
  removeBuckets,
  writeBot,
} from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { testWithNats } from "../support/servers/nats_server.ts";
import { pause, until } from "../support/until.ts";

/** Long enough that no resync finds a change: it has to come as an event. */
const NO_RESYNC = { RECONCILE_INTERVAL: "86400", HTTP_ADDR: "off" };

/** A configuration of which the values alone would not keep every byte. */
const CONFIG =
  '{"roi": {"60": 1.0, "30": 1e5, "0": 1e-400}, "account": 1234567890123456789,\r\n "é": "\\u00fc"}\n';
const SHOW_CONFIG = 'import os\nprint("configuration", open(os.environ["CONFIG_FILE"], "rb").read().hex())\n';

/** Starts a service under the permissions that `berth permissions` prints. */
async function startService(env: Record<string, string>): Promise<CliProcess> {
  const flags = (await berth(env, "permissions")).trim().split(" ");
  const service = CliProcess.start(["start"], env, flags);
  await service.printed(/listening/);
  return service;
}

/** The life of a bot, each step taken by a service that runs under its own permissions. */
async function liveAndLetDie(env: Record<string, string>, temp: string, id: string): Promise<void> {
  const folder = await writeBot(`${temp}/bot`, {
    "main.py": `${SHOW_CONFIG}${BOT_LOOP}`,
    "config.json": CONFIG,
  });
  await using service = await startService(env);
  using client = new ApiClient(serverOf(env));
  const progress = async () => (await findDeployment(client, id))?.progress;
  const isStopped = async () => (await progress())?.state === "disabled";

  const deployed = JSON.parse(await berth(env, "deploy", folder, "--id", id, "--json"));
  assert.deepEqual([deployed.enabled, deployed.isNew, deployed.start], [true, true, { outcome: "running" }]);
  const first = await progress();
  assert.deepEqual([first?.state, first?.isCurrent], ["running", true]);
  const shown = `configuration ${
    [...new TextEncoder().encode(CONFIG)].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  }`;
  await until(
    "its configuration has arrived byte for byte",
    async () => (await berth(env, "logs", id)).includes(shown),
  );

  await writeBot(folder, { "main.py": `# changed\n${BOT_LOOP}` });
  const changed = JSON.parse(await berth(env, "deploy", folder, "--id", id, "--json"));
  assert.deepEqual([changed.isNew, changed.filePath === deployed.filePath], [false, false]);
  assert.equal(changed.start.outcome, "running");
  const second = await progress();
  assert.notEqual(second?.containerId, first?.containerId, "its code is replaced, under the same version");
  const again = JSON.parse(await berth(env, "deploy", folder, "--id", id, "--json"));
  assert.deepEqual([again.isUnchanged, again.isSent, again.start.outcome], [true, false, "running"]);
  assert.equal((await progress())?.containerId, second?.containerId);

  await berth(env, "disable", id);
  await until("it is stopped", isStopped);
  await berth(env, "enable", id);
  await until("it runs again", async () => (await progress())?.state === "running");

  const removed = await berth(env, "remove", id, "--purge");
  assert.match(removed, /is removed, with 2 archives, 1 day of logs, 0 results/);
  assert.equal(await findDeployment(client, id), undefined);
  service.kill("SIGTERM");
  assert.equal(await service.end(), 0, service.output);
}

/** The same for a folder with a schedule. */
async function scheduleAndEnd(
  env: Record<string, string>,
  temp: string,
  id: string,
  containers: (instance: string) => Promise<readonly unknown[]>,
): Promise<void> {
  const code = (text: string) => ({ "main.py": `def main(id, config):\n    return "${text}"\n` });
  const description =
    'name: report\nversion: 1.0.0\nschedule: "*/2 * * * * *"\nentrypoints:\n  bot: main.py\n';
  const folder = await writeBot(`${temp}/report`, { "bot-config.yaml": description, ...code("one") });
  await using service = await startService(env);
  using client = new ApiClient(serverOf(env));
  const schedule = () => client.call("getSchedule", { params: { id } });
  const last = async () => (await schedule()).lastRun;
  const hasSucceeded = async () => (await last())?.state === "succeeded";

  const deployed = JSON.parse(await berth(env, "deploy", folder, "--id", id, "--json"));
  assert.deepEqual([deployed.kind, deployed.schedule, deployed.isNew], ["schedule", "*/2 * * * * *", true]);
  assert.equal(deployed.nextTimes.length, 3);
  await until("a slot has succeeded", hasSucceeded);

  await berth(env, "disable", id);
  await until("no run goes", async () => (await schedule()).openRuns.length === 0);
  const before = await last();
  await pause(3000, "longer than one slot: nothing may follow");
  assert.deepEqual(await last(), before);

  await berth(env, "enable", id);
  await writeBot(folder, { "bot-config.yaml": description.replace("1.0.0", "2.0.0"), ...code("two") });
  await berth(env, "deploy", folder, "--id", id);
  await until(
    "the new version has run",
    async () => (await last())?.version === "2.0.0" && await hasSucceeded(),
  );
  assert.match(await berth(env, "remove", id), /logs, results, archives and state are kept/);
  await until("no run goes any more", async () => (await containers(env.BERTH_INSTANCE!)).length === 0);
  assert.match(
    await berth(env, "remove", id, "--purge"),
    /now gone are 2 archives, .* \d+ results, \d+ records/,
  );
  service.kill("SIGTERM");
  assert.equal(await service.end(), 0, service.output);
}

Deno.test("berth deploy, disable, enable and remove work through a service on its embedded default", async () => {
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  await using fixture = await CliFixture.open(() => [instance]);
  const { temp, containers } = fixture;
  const env = cliVariables(temp, { ...NO_RESYNC, BERTH_INSTANCE: instance });
  await liveAndLetDie(env, temp, "my-bot");
  await scheduleAndEnd(env, temp, "report", containers);
  const objects = new Deno.Command("find", {
    args: [`${temp}/data/objects`, "-type", "f", "-path", "*/*-*/*"],
  });
  assert.doesNotMatch(new TextDecoder().decode((await objects.output()).stdout), /my-bot|report/);
});

const SERVERS = ["MONGO_URI", "MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"];
const servers = Object.fromEntries(SERVERS.map((name) => [name, Deno.env.get(name) ?? ""]));
const hasServers = SERVERS.every((name) => servers[name]);
if (!hasServers) console.warn("NOT RUN: berth deploy with servers needs `./berth test`.");

if (hasServers) {
  testWithNats(
    "berth deploy, disable, enable and remove work through a service on MongoDB, MinIO and NATS",
    async (nats) => {
      await nats.start();
      const [run] = crypto.randomUUID().split("-") as [string];
      const bucket = `berth-test-${run}`;
      try {
        await using fixture = await CliFixture.open(() => [`test-${run}`]);
        const { temp, containers } = fixture;
        const env = cliVariables(temp, {
          ...NO_RESYNC,
          ...servers,
          NATS_URL: nats.url,
          BERTH_INSTANCE: `test-${run}`,
          MINIO_CODE_BUCKET: bucket,
          MINIO_BACKTESTS_BUCKET: `${bucket}-results`,
          MINIO_LOGS_BUCKET: `${bucket}-logs`,
          // Other tests' bots are in the same database.
          SEGMENT_ID: String(Number.parseInt(run.slice(0, 7), 16)),
        });
        await liveAndLetDie(env, temp, `bot-${run}`);
        await scheduleAndEnd(env, temp, `report-${run}`, containers);
      } finally {
        await removeBuckets([bucket, `${bucket}-results`, `${bucket}-logs`]);
      }
    },
  );
}

const MANY = "x = []\n    while True: x.append(bytearray(10_000_000))";
/** Programs that do not stay up, and the messages about them. */
const BROKEN: readonly (readonly [string, string, RegExp, RegExp?])[] = [
  ["a syntax error", "def main(id, config)\n    pass\n", /exit code 1/, /SyntaxError/],
  [
    "a missing module",
    "import nothing_there\ndef main(id, config): pass\n",
    /exit code 1/,
    /No module named 'nothing_there'/,
  ],
  [
    "a late crash",
    "import time\ndef main(id, config):\n    time.sleep(1)\n    raise ValueError('late')\n",
    /exit code 1/,
    /ValueError: late/,
  ],
  [
    "a crash without words",
    "import os\ndef main(id, config):\n    print('done', flush=True)\n    os._exit(4)\n",
    /exit code 4/,
    /^done$/m,
  ],
  ["too much memory", `def main(id, config):\n    ${MANY}\n`, /out of memory/],
];

Deno.test("berth deploy says why a bot does not run, and when it is mended", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { BOT_MEMORY_LIMIT_MB: "64" } });
  const folder = await writeBot(`${service.temp}/bot`);
  for (const [what, script, reason, printed] of BROKEN) {
    await Deno.writeTextFile(`${folder}/main.py`, script);
    const { code, stdout } = await service.berth("deploy", "bot", "--json");
    const { start } = JSON.parse(stdout);
    assert.deepEqual([code, start.outcome], [1, "failed"], what);
    if (printed) assert.match(start.lastLines?.join("\n") ?? "", printed, what);
    assert.match(start.condition, reason, what);
  }
  await Deno.writeTextFile(`${folder}/main.py`, BOT_LOOP);
  const mended = await service.berth("deploy", "bot");
  assert.equal(mended.code, 0, mended.output);
  assert.match(mended.output, /^my-bot is updated: .*\nmy-bot runs, and has stayed up for 3 s$/);
});

Deno.test("berth deploy reports the reason of a bot that a service without an engine cannot start", async () => {
  await using service = await ServiceFixture.open();
  await writeBot(`${service.temp}/bot`);
  // At once, since a deployment waits a while for a service that looks after the bot.
  const [shown, json] = await Promise.all([
    service.berth("deploy", "bot", "--id", "one"),
    service.berth("deploy", "bot", "--id", "two", "--json"),
  ]);
  assert.deepEqual([shown.code, json.code], [1, 1]);
  assert.match(shown.output, /^one is deployed: version 1\.0\.0$/m);
  assert.match(shown.output, /^berth: one does not run( yet)?: .+$/m);
  const { start, isUnchanged } = JSON.parse(json.stdout);
  assert.equal(isUnchanged, false);
  assert.notEqual(start.outcome, "running");
  assert.ok(start.condition.length > 0);
});
