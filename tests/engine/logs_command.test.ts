import assert from "node:assert/strict";
import { formatLine, parseStoredLine, type StoredLogLine } from "../../lib/logs/line_format.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";
import { assertNumbered } from "../support/builders/stored_lines.ts";
import {
  berth,
  CliProcess,
  cliVariables,
  removeBuckets,
  ROOT,
  writeBot,
} from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";

/** Prints numbers from 0 on, each on both outputs, then a line that could be taken for another, and goes on running. */
const COUNTER = `
import sys, time
def main(id, config):
    for i in range(config["count"]):
        print(i)
        print(i, file=sys.stderr)
        time.sleep(0.005)
    print("stderr: is no mark here \\x1b[2J")
    while True: time.sleep(0.05)
`;
const COUNT = 2000;

async function deployCounter(env: Record<string, string>, temp: string, id: string): Promise<void> {
  const files = { "main.py": COUNTER, "config.json": JSON.stringify({ count: COUNT }) };
  await berth(env, "deploy", await writeBot(`${temp}/bot`, files), "--id", id);
}

async function readLog(env: Record<string, string>, ...args: string[]): Promise<StoredLogLine[]> {
  const text = await berth(env, "logs", ...args);
  return text.split("\n").slice(0, -1).map((line) => {
    const parsed = parseStoredLine(line);
    assert.ok(parsed, line);
    return parsed;
  });
}

/** Follows a bot's log over a restart of the service, and reads it in all ways, also after the bot is removed. */
async function readAllTheTime(env: Record<string, string>, temp: string, id: string): Promise<string> {
  const flags = (await berth(env, "permissions")).trim().split(" ");
  const startService = async () => {
    const service = CliProcess.start(["start"], env, flags);
    await service.printed(/listening entrance=unix/);
    return service;
  };
  let service = await startService();
  try {
    await deployCounter(env, temp, id);
    await using follower = CliProcess.start(["logs", id, "-f"], env);
    await using late = CliProcess.start(["logs", id, "-f", "--tail", "0", "--json"], env);
    await until("its first lines", () => follower.stdout.length > 1000 && late.stdout.length > 1000);
    // Some of it is stored, the rest is with the engine: whoever reads does not see which.
    service.kill("SIGKILL");
    await service.end();
    await follower.printed(/The service does not answer any more/);
    service = await startService();
    for (const process of [follower, late]) {
      await process.printed(/is no mark here/);
      process.kill("SIGINT");
      assert.equal(await process.end(), 0, process.output);
    }
    assert.match(follower.output, /is no mark here/);
    const all = await readLog(env, id);
    assert.equal(follower.stdout, await berth(env, "logs", id), "what was followed is what stands there");
    // A busy engine may note the last line of the other stream after it.
    const last = all.findLastIndex(({ stream }) => stream === "stdout");
    assert.ok(last >= all.length - 2, `${last} of ${all.length}`);
    assert.equal(all[last]!.text, "stderr: is no mark here \x1b[2J");
    assertNumbered(all.toSpliced(last, 1), "stdout", COUNT);
    assertNumbered(all, "stderr", COUNT);
    const followed = late.stdout.split("\n").slice(0, -1)
      .map((line) => parseStoredLine(formatLine(JSON.parse(line))));
    assert.ok(followed.length < all.length);
    assert.deepEqual(followed, all.slice(-followed.length), "from where it began, without a gap or a repeat");

    assert.deepEqual(await readLog(env, id, "--tail", "7"), all.slice(-7));
    const { time } = all[COUNT]!;
    const shown = time.replace("T", " ").slice(0, -1);
    assert.deepEqual(await readLog(env, id, "--since", shown), all.filter((line) => line.time >= time));
    assert.deepEqual(await readLog(env, id, "--until", shown), all.filter((line) => line.time < time));
    assert.deepEqual(await readLog(env, id, "--since", "1d", "--tail", "1"), all.slice(-1));
    assert.deepEqual(
      await readLog(env, id, "--grep", "^1[0-9]{3}$", "--tail", "3"),
      all.filter(({ text }) => /^1[0-9]{3}$/.test(text)).slice(-3),
    );
    const json = (await berth(env, "logs", id, "--json")).split("\n").slice(0, -1).map((line) =>
      JSON.parse(line)
    );
    assert.deepEqual(json.map((line) => parseStoredLine(formatLine(line))), all);
    for (const { bot, time } of json) {
      assert.ok(bot === id && /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/.test(time));
    }
    // The remaining container goes with its log stored, and the log can still be read and searched.
    const before = await berth(env, "logs", id);
    await berth(env, "remove", id, "--yes");
    await until(
      "the bot is gone",
      async () => (await berth(env, "logs", "--all", "--grep", "no mark here", "--since", "1d")) !== "",
    );
    const whole = await berth(env, "logs", id);
    assert.equal(whole.slice(0, before.length), before);
    const found = await berth(env, "logs", "--all", "--grep", "^stderr: is no mark", "--json");
    assert.deepEqual(found.split("\n").slice(0, -1).map((line) => JSON.parse(line)), [json[last]]);
    service.kill("SIGTERM");
    assert.equal(await service.end(), 0, service.output);
    return whole;
  } finally {
    await service[Symbol.asyncDispose]();
  }
}

Deno.test("berth logs prints every line once, stored in a folder or not yet, also over a restart of the service", async () => {
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  await using fixture = await CliFixture.open(() => [instance]);
  const { temp } = fixture;
  const env = cliVariables(temp, { BERTH_INSTANCE: instance, LOG_INTERVAL: "1" });
  await readAllTheTime(env, temp, "my-bot");
});

async function hasCurl(): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", "command -v curl"] }).output();
  return success;
}

/** A bot's log, day after day, as any S3 client reads it: signed requests for the documented keys, and nothing else. */
async function readWithCurl(bucket: string, id: string): Promise<string> {
  const scheme = Deno.env.get("MINIO_SSL") === "true" ? "https" : "http";
  const get = async (path: string) => {
    const config = [
      `url = "${scheme}://${Deno.env.get("MINIO_ENDPOINT")}/${bucket}${path}"`,
      `user = "${Deno.env.get("MINIO_ACCESS_KEY")}:${Deno.env.get("MINIO_SECRET_KEY")}"`,
      'aws-sigv4 = "aws:amz:us-east-1:s3"',
      'header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"',
    ];
    const args = ["--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--config", "-"];
    const options = { args, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    await using curl = new Deno.Command("curl", options).spawn();
    const writer = curl.stdin.getWriter();
    // Not among the arguments, which everybody on the machine can see.
    await writer.write(new TextEncoder().encode(config.join("\n")));
    await writer.close();
    const { code, stdout, stderr } = await curl.output();
    const [text, problem] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, `${problem}${text}`);
    return text!;
  };
  const listed = await get(`?list-type=2&prefix=${encodeURIComponent(`logs/${id}/`)}`);
  const keys = [...listed.matchAll(/<Key>(logs\/[^<]+\/\d{8}\.log)<\/Key>/g)].map(([, key]) => key!);
  assert.ok(keys.length > 0, listed);
  return (await Promise.all(keys.map((key) => get(`/${key}`)))).join("");
}

const MINIO = ["MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MINIO_SSL"];

Deno.test({
  name: "berth logs prints every line once, stored in MinIO or not yet, also over a restart of the service",
  ignore: !Deno.env.get("MINIO_ENDPOINT") || !Deno.env.get("MONGO_URI"),
  async fn() {
    const run = crypto.randomUUID().slice(0, 8);
    const buckets = ["code", "results", "logs"].map((name) => `berth-test-${run}-${name}`);
    try {
      await using fixture = await CliFixture.open(() => [`test-${run}`]);
      const { temp } = fixture;
      const env = cliVariables(temp, {
        ...Object.fromEntries([...MINIO, "MONGO_URI"].map((name) => [name, Deno.env.get(name) ?? ""])),
        BERTH_INSTANCE: `test-${run}`,
        LOG_INTERVAL: "1",
        RECONCILE_INTERVAL: "1",
        SERVICES: "bots",
        MINIO_CODE_BUCKET: buckets[0]!,
        MINIO_BACKTESTS_BUCKET: buckets[1]!,
        MINIO_LOGS_BUCKET: buckets[2]!,
        // Other tests' bots are in the same database.
        SEGMENT_ID: String(Number.parseInt(run.slice(0, 7), 16)),
      });
      const whole = await readAllTheTime(env, temp, `bot-${run}`);
      if (!await hasCurl()) {
        return console.warn("NOT RUN: reading stored logs with curl, which is not there.");
      }
      const stored = (await readWithCurl(buckets[2]!, `bot-${run}`)).split("\n").slice(0, -1);
      const shown = stored.map((line) => `${formatLine(parseStoredLine(line)!)}\n`).join("");
      assert.equal(shown, whole);
      for (const line of stored) assert.match(JSON.parse(line).timestamp, /^\d{4}-.*\.\d{9}Z$/);
    } finally {
      await removeBuckets(buckets);
    }
  },
});

/** A service without an engine that has the log of a bot which is not there any more. */
async function openGone(lines: readonly string[]): Promise<ServiceFixture> {
  const service = await ServiceFixture.open();
  const text = lines.map((line) => `${line}\n`).join("");
  await service.composed.store.put("bot-logs", "logs/gone/20260131.log", new TextEncoder().encode(text));
  return service;
}

Deno.test("berth logs says so when there is no such bot, and when no service runs", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const absent = /^berth: There is no bot, schedule or log with the id 'nobody'\./;
  const invalid = /^berth: The id .* must begin with a letter or digit/;
  for (const [id, message] of [["nobody", absent], ["a/b", invalid], ["-", invalid]] as const) {
    for (const more of [[], ["--follow"]]) {
      const { code, output } = await service.berth("logs", id, ...more);
      assert.equal(code, 1, output);
      assert.match(output, message);
    }
  }
  const bad = await service.berth("logs", "--all", "--grep", "(");
  assert.equal(bad.code, 1);
  assert.match(bad.output, /^berth: The regular expression cannot be used: missing closing \)/);
  await service.stop();
  for (const args of [["nobody"], ["nobody", "-f"], ["--all", "--grep", "x"]]) {
    const begin = performance.now();
    const { code, output } = await service.berth("logs", ...args);
    assert.equal(code, 69);
    assert.match(output, /^berth: No service answers at '.+'\. Start one with 'berth start'/);
    assert.ok(performance.now() - begin < 5_000);
  }
});

Deno.test("berth logs shows what is stored while the engine is down, and says that newer lines are missing", async () => {
  await using service = await openGone(["[2026-01-31 12:00:00.000] a", "[2026-01-31 12:00:01.000] b"]);
  const { code, stdout, output } = await service.berth("logs", "gone", "--tail", "1");
  assert.deepEqual([code, stdout], [1, "[2026-01-31 12:00:01.000] b"]);
  assert.match(output, /berth: Only the stored lines are shown; newer lines cannot be read: /);
});

Deno.test("berth logs merges several logs by time, with the ids in front", async () => {
  await using service = await openGone(["[2026-01-31 12:00:00] a", "[2026-01-31 12:00:02] c"]);
  const other = [
    '{"timestamp":"2026-01-31T12:00:01.000000001Z","stream":"stderr","message":"b"}',
    '{"timestamp":"2026-01-31T12:00:02.000000001Z","stream":"stdout","message":"d"}',
  ];
  const text = new TextEncoder().encode(other.map((line) => `${line}\n`).join(""));
  await service.composed.store.put("bot-logs", "logs/x/20260131.log", text);
  const { stdout } = await service.berth("logs", "x", "gone", "x");
  assert.deepEqual(stdout.split("\n"), [
    "gone [2026-01-31 12:00:00] a",
    "x    [2026-01-31 12:00:01.000] stderr: b",
    "gone [2026-01-31 12:00:02] c",
    "x    [2026-01-31 12:00:02.000] d",
  ]);
  const { code, output } = await service.berth("logs", "x", "nobody");
  assert.equal(code, 1);
  assert.match(output, /nobody|engine/);
});

Deno.test("berth logs ends when nobody reads what it prints any more", async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `[2026-01-31 12:00:00.000] ${i}`);
  await using service = await openGone(lines);
  for (const more of ["--follow", "--tail 20000"]) {
    const script = `"$0" run --quiet --no-prompt -P=cli main.ts logs gone ${more} | head -n 2`;
    const { code, stdout } = await new Deno.Command("sh", {
      args: ["-c", script, Deno.execPath()],
      cwd: ROOT,
      clearEnv: true,
      env: { ...service.env, HOME: Deno.env.get("HOME") ?? "", PATH: Deno.env.get("PATH") ?? "" },
      stderr: "null",
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stdout)], [0, `${lines[0]}\n${lines[1]}\n`]);
  }
});
