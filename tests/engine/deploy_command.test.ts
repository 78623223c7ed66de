import assert from "node:assert/strict";
import {
  berth,
  BOT_LOOP,
  CliProcess,
  cliVariables,
  removeBuckets,
  withFolder,
  writeBot,
} from "../support/fixtures/cli_support.ts";
import { testWithNats } from "../support/servers/nats_server.ts";
import { pause, until } from "../support/until.ts";

/** Long enough that nothing is found by a resync: what is noticed was heard. */
const NO_RESYNC = { RECONCILE_INTERVAL: "86400" };

/** What `berth bots --json` says of one bot. */
async function botOf(env: Record<string, string>, id: string): Promise<Record<string, unknown> | undefined> {
  const rows: Record<string, unknown>[] = JSON.parse(await berth(env, "bots", "--json"));
  return rows.find((row) => row.id === id);
}

/** A configuration of which the values alone would not keep every byte. */
const CONFIG = '{"roi": {"60": 1.0, "30": 1e5, "0": 1e-400},\r\n "é": "\\u00fc"}\n';
const SHOW_CONFIG = 'import os\nprint("configuration", open(os.environ["CONFIG_FILE"], "rb").read().hex())\n';

/** The life of a bot, each step heard by a service that runs under its own permissions. */
async function liveAndLetDie(env: Record<string, string>, temp: string, id: string): Promise<void> {
  const folder = await writeBot(`${temp}/bot`, {
    "main.py": `${SHOW_CONFIG}${BOT_LOOP}`,
    "config.json": CONFIG,
  });
  const flags = (await berth(env, "permissions")).trim().split(" ");
  await using service = CliProcess.start(["start"], env, flags);
  await service.printed(/service started/);
  const isRunning = async () => (await botOf(env, id))?.phase === "running";
  const isStopped = async () => (await botOf(env, id))?.phase === null;

  const deployed = JSON.parse(await berth(env, "deploy", folder, "--id", id, "--json"));
  assert.deepEqual([deployed.id, deployed.enabled, deployed.isNew], [id, true, true]);
  await until("the bot runs", isRunning);
  const first = await botOf(env, id);
  assert.deepEqual([first?.enabled, first?.version, first?.attempt], [true, "1.0.0", 1]);
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
  await until("its code is replaced, under the same version", async () => {
    const now = await botOf(env, id);
    return now?.phase === "running" && now.since !== first?.since;
  });

  await berth(env, "disable", id);
  await until("it is stopped", isStopped);
  assert.equal((await botOf(env, id))?.enabled, false);
  await berth(env, "enable", id);
  await until("it runs again", isRunning);
  assert.match(
    await berth(env, "bots"),
    new RegExp(`^${id} +1\\.0\\.0 +python3\\.11 +yes +1 .* running$`, "m"),
  );

  await berth(env, "remove", id);
  await until("it is gone", async () => await botOf(env, id) === undefined);
  service.kill("SIGTERM");
  assert.equal(await service.end(), 0, service.output);
}

/** The same of a folder with a schedule. */
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
  const flags = (await berth(env, "permissions")).trim().split(" ");
  await using service = CliProcess.start(["start"], env, flags);
  await service.printed(/service started/);
  const last = async () => (await botOf(env, id))?.last as Record<string, unknown> | null | undefined;
  const hasSucceeded = async () => (await last())?.state === "succeeded";

  const deployed = JSON.parse(await berth(env, "deploy", folder, "--id", id, "--json"));
  assert.deepEqual([deployed.kind, deployed.schedule, deployed.isNew], ["schedule", "*/2 * * * * *", true]);
  await until("a slot has succeeded", hasSucceeded);
  const row = await botOf(env, id);
  assert.deepEqual([row?.kind, row?.enabled, row?.version], ["schedule", true, "1.0.0"]);
  assert.ok(Math.abs(Date.parse(String(row?.next)) - Date.now()) < 60_000, `${row?.next}`);
  // Other tests' bots are in the same database.
  const line = (await berth(env, "bots")).split("\n").find((line) => line.startsWith(`${id} `));
  assert.match(
    line ?? "",
    new RegExp(`^${id} +1\\.0\\.0 +python3\\.11 +yes +\\*/2 \\* \\* \\* \\* \\* +\\d{4}-`),
  );

  await berth(env, "disable", id);
  await until("no run goes", async () => !["claimed", "running"].includes(String((await last())?.state)));
  const before = await last();
  assert.equal((await botOf(env, id))?.next, null);
  await pause(3000, "longer than one slot: nothing may follow");
  assert.deepEqual(await last(), before);

  await berth(env, "enable", id);
  await writeBot(folder, { "bot-config.yaml": description.replace("1.0.0", "2.0.0"), ...code("two") });
  await berth(env, "deploy", folder, "--id", id);
  await until(
    "the new version has run",
    async () => (await last())?.version === "2.0.0" && await hasSucceeded(),
  );
  await berth(env, "remove", id);
  assert.equal(await botOf(env, id), undefined);
  await until("no run goes any more", async () => (await containers(env.BERTH_INSTANCE!)).length === 0);
  service.kill("SIGTERM");
  assert.equal(await service.end(), 0, service.output);
}

Deno.test("berth deploy, disable, enable and remove reach a running service through the embedded database", async () => {
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  await withFolder(() => [instance], async (temp, containers) => {
    const env = cliVariables(temp, { ...NO_RESYNC, BERTH_INSTANCE: instance });
    await liveAndLetDie(env, temp, "my-bot");
    await scheduleAndEnd(env, temp, "report", containers);
    const objects = new Deno.Command("find", { args: [`${temp}/data/objects/custom-bots`, "-type", "f"] });
    assert.equal(new TextDecoder().decode((await objects.output()).stdout), "", "its archives are gone");
  });
});

const SERVERS = ["MONGO_URI", "MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"];
const servers = Object.fromEntries(SERVERS.map((name) => [name, Deno.env.get(name) ?? ""]));
const hasServers = SERVERS.every((name) => servers[name]);
if (!hasServers) console.warn("NOT RUN: berth deploy with servers needs `./berth test`.");

if (hasServers) {
  testWithNats(
    "berth deploy, disable, enable and remove reach a running service through MongoDB, MinIO and NATS",
    async (nats) => {
      await nats.start();
      const [run] = crypto.randomUUID().split("-") as [string];
      const bucket = `berth-test-${run}`;
      try {
        await withFolder(() => [`test-${run}`], async (temp, containers) => {
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
        });
      } finally {
        await removeBuckets([bucket, `${bucket}-results`, `${bucket}-logs`]);
      }
    },
  );
}

Deno.test("berth deploy writes nothing when the folder cannot be run, and says why", () =>
  withFolder(() => [], async (temp) => {
    const env = cliVariables(temp);
    const refused = async (folder: string, message: RegExp, ...args: string[]) => {
      const { code, output } = await CliProcess.run(["deploy", folder, ...args], env);
      assert.equal(code, 1);
      assert.match(output, message);
    };
    await refused(`${temp}/missing`, /is not a bot folder: it needs a bot-config\.yaml/);
    const noScript = await writeBot(`${temp}/no-script`, {
      "bot-config.yaml": "name: a\nversion: 1\nentrypoints:\n  bot: nothing.py\n",
    });
    await refused(noScript, /There is no script '.*nothing\.py'/);
    const noBot = await writeBot(`${temp}/no-bot`, {
      "bot-config.yaml": "name: a\nversion: 1\nentrypoints:\n  backtest: main.py\n",
    });
    await refused(noBot, /has no entrypoint 'bot'/);
    await refused(await writeBot(`${temp}/good`), /id: must begin with a letter or digit/, "--id", "a/b");
    assert.deepEqual(JSON.parse(await berth(env, "bots", "--json")), []);
    const { code, output } = await CliProcess.run(["remove", "nobody"], env);
    assert.equal(code, 1);
    assert.match(output, /There is no bot or schedule 'nobody'/);
  }));

Deno.test("berth bots lists the documents also when no engine answers, and fails", () =>
  withFolder(() => [], async (temp) => {
    const env = cliVariables(temp, { DOCKER_HOST: `unix://${temp}/nothing.sock` });
    await berth(env, "deploy", await writeBot(`${temp}/bot`), "--disable");
    const { code, stdout, output } = await CliProcess.run(["bots"], env);
    assert.equal(code, 1);
    assert.match(stdout, /^my-bot +1\.0\.0 +python3\.11 +no +- +- +not known$/m);
    assert.match(output, /Berth cannot tell what the bots are doing: /);
  }));
