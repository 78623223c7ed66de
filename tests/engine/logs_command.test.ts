import assert from "node:assert/strict";
import { formatLine, parseStoredLine, type StoredLogLine } from "../../lib/logs/line_format.ts";
import { assertNumbered } from "../support/builders/stored_lines.ts";
import {
  berth,
  CliProcess,
  cliVariables,
  removeBuckets,
  ROOT,
  withFolder,
  writeBot,
} from "../support/fixtures/cli_support.ts";

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
import { until } from "../support/until.ts";
const COUNT = 600;

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

/** Reads a bot's log from its first line on, with a service and without, and whenever something is stored. */
async function readAllTheTime(env: Record<string, string>, temp: string, id: string): Promise<void> {
  const flags = (await berth(env, "permissions")).trim().split(" ");
  const service = CliProcess.start(["start"], env, flags);
  try {
    await service.printed(/service started/);
    await deployCounter(env, temp, id);
    await using follower = CliProcess.start(["logs", id, "-f"], env);
    await until("its first lines", async () => (await readLog(env, id)).length > 10);
    // Some of it is stored, the rest is with the engine: whoever reads does not see which.
    service.kill("SIGKILL");
    await service.end();
    await follower.printed(/is no mark here/);
    follower.kill("SIGINT");
    assert.equal(await follower.end(), 0, follower.output);
    const all = await readLog(env, id);
    assert.equal(follower.stdout, await berth(env, "logs", id), "what was followed is what stands there");
    assert.deepEqual(all.at(-1)?.text, "stderr: is no mark here \x1b[2J");
    assertNumbered(all.slice(0, -1), "stdout", COUNT);
    assertNumbered(all, "stderr", COUNT);

    assert.deepEqual(await readLog(env, id, "--tail", "7"), all.slice(-7));
    const { time } = all[COUNT]!;
    assert.deepEqual(
      await readLog(env, id, "--since", time.replace("T", " ").slice(0, -1)),
      all.filter((line) => line.time >= time),
    );
    assert.deepEqual(await readLog(env, id, "--since", "1d", "--tail", "1"), all.slice(-1));
    const json = (await berth(env, "logs", id, "--json")).split("\n").slice(0, -1);
    assert.deepEqual(json.map((line) => parseStoredLine(formatLine(JSON.parse(line)))), all);
  } finally {
    await service[Symbol.asyncDispose]();
  }
  // What is left goes with its log stored, and the log can still be read.
  await using last = CliProcess.start(["start"], env, flags);
  await last.printed(/service started/);
  const before = await berth(env, "logs", id);
  await berth(env, "remove", id);
  await until(
    "the bot is gone",
    async () => JSON.parse(await berth(env, "bots", "--json")).every((bot: { id: string }) => bot.id !== id),
  );
  assert.equal((await berth(env, "logs", id)).slice(0, before.length), before);
  last.kill("SIGTERM");
  assert.equal(await last.end(), 0, last.output);
}

Deno.test("berth logs prints every line once, stored in a folder or not yet, with a service and without", async () => {
  const instance = `test-${crypto.randomUUID().slice(0, 8)}`;
  await withFolder(() => [instance], async (temp) => {
    const env = cliVariables(temp, { BERTH_INSTANCE: instance, LOG_INTERVAL: "1" });
    await readAllTheTime(env, temp, "my-bot");
  });
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
  name: "berth logs prints every line once, stored in MinIO or not yet, with a service and without",
  ignore: !Deno.env.get("MINIO_ENDPOINT") || !Deno.env.get("MONGO_URI"),
  async fn() {
    const run = crypto.randomUUID().slice(0, 8);
    const buckets = ["code", "results", "logs"].map((name) => `berth-test-${run}-${name}`);
    try {
      await withFolder(() => [`test-${run}`], async (temp) => {
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
        await readAllTheTime(env, temp, `bot-${run}`);
        if (!await hasCurl()) {
          return console.warn("NOT RUN: reading stored logs with curl, which is not there.");
        }
        const stored = (await readWithCurl(buckets[2]!, `bot-${run}`)).split("\n").slice(0, -1);
        const shown = stored.map((line) => `${formatLine(parseStoredLine(line)!)}\n`).join("");
        assert.equal(shown, await berth(env, "logs", `bot-${run}`));
        for (const line of stored) assert.match(JSON.parse(line).timestamp, /^\d{4}-.*\.\d{9}Z$/);
      });
    } finally {
      await removeBuckets(buckets);
    }
  },
});

Deno.test("berth logs says so when there is no such bot, and when there is nothing but what is stored", () =>
  withFolder(() => [], async (temp) => {
    const env = cliVariables(temp);
    const absent = /^berth: There is no bot, schedule or log with the id 'nobody'; 'berth bots' lists them\./;
    const invalid = /^berth: ".+" is not the id of a bot or a schedule/;
    for (const [id, message] of [["nobody", absent], ["a/b", invalid], ["..", invalid]] as const) {
      const { code, output } = await CliProcess.run(["logs", id, "--follow"], env);
      assert.notEqual(code, 0);
      assert.match(output, message);
    }
    const folder = `${env.DATA_DIR}/objects/bot-logs/logs/gone`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(
      `${folder}/20260131.log`,
      "[2026-01-31 12:00:00.000] a\n[2026-01-31 12:00:01.000] b\n",
    );
    const noEngine = { ...env, DOCKER_HOST: `unix://${temp}/nothing.sock` };
    const { code, stdout, output } = await CliProcess.run(["logs", "gone", "--tail", "1"], noEngine);
    assert.deepEqual([code, stdout], [1, "[2026-01-31 12:00:01.000] b\n"]);
    assert.match(output, /berth: Only the stored lines are shown; newer lines cannot be read: /);
  }));

Deno.test("berth logs ends when nobody reads what it prints any more", () =>
  withFolder(() => [], async (temp) => {
    const env = cliVariables(temp);
    const folder = `${env.DATA_DIR}/objects/bot-logs/logs/long`;
    await Deno.mkdir(folder, { recursive: true });
    const text = Array.from({ length: 20_000 }, (_, i) => `[2026-01-31 12:00:00.000] ${i}\n`).join("");
    await Deno.writeTextFile(`${folder}/20260131.log`, text);
    const script = `"$0" run --quiet --no-prompt -P=cli main.ts logs long --follow | head -n 2`;
    const { code, stdout } = await new Deno.Command("sh", {
      args: ["-c", script, Deno.execPath()],
      cwd: ROOT,
      clearEnv: true,
      env: { ...env, HOME: Deno.env.get("HOME") ?? "", PATH: Deno.env.get("PATH") ?? "" },
      stderr: "null",
    }).output();
    assert.deepEqual(
      [code, new TextDecoder().decode(stdout)],
      [0, "[2026-01-31 12:00:00.000] 0\n[2026-01-31 12:00:00.000] 1\n"],
    );
  }));
