/** The watchdog: a bot that gives no sign of life, or fails its command, and one that is only slow. */

import assert from "node:assert/strict";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { pause, until } from "../support/until.ts";

/** Automatic actions happen within this time; a reconcile would come after 60 s. */
const FAR_BEFORE_RECONCILE_MS = 20_000;

/** Prints at its start, then as its configuration says. */
const MAIN = `
import berth, os, time

def main(id, config):
    print("begins", flush=True)
    for step in config["steps"]:
        if step == "ready": berth.ready()
        elif step == "beat": berth.heartbeat()
        elif step == "metric": berth.metric("equity", 1)
        elif step == "print": print("still here", flush=True)
        elif step == "break": open("/tmp/broken", "w").close()
        elif step == "mend": os.remove("/tmp/broken")
        elif isinstance(step, str): berth.status(step)
        else: time.sleep(step)
    while True:
        if "every" in config: print("works", flush=True)
        time.sleep(config.get("every", 60))

def on_stop(id, config, reason):
    print("stopped for", reason, flush=True)
`;

interface BotOptions {
  readonly id?: string;
  readonly health: string;
  readonly steps?: readonly unknown[];
  readonly every?: number;
}

async function deploy(service: ServiceFixture, { id = "my-bot", health, steps = [], every }: BotOptions) {
  const folder = await writeBot(`${service.temp}/${id}`, {
    "bot-config.yaml": `name: ${id}\nversion: 1.0.0\nentrypoints:\n  bot: main.py\nhealth: ${health}\n`,
    "main.py": MAIN,
    "config.json": JSON.stringify({ steps, ...(every !== undefined && { every }) }),
  });
  const { code, output } = await service.berth("deploy", folder, "--no-wait");
  assert.equal(code, 0, output);
}

const botOf = (service: ServiceFixture, id = "my-bot") => service.client.call("getBot", { params: { id } });

async function untilState(service: ServiceFixture, state: string, id = "my-bot") {
  await until(`it is ${state}`, async () => (await botOf(service, id)).state === state, 30_000);
}

Deno.test("a silent bot is restarted at its limit, not at the next reconcile, by the crash policy", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "60" } });
  await deploy(service, { health: "{ max_silence_seconds: 3, start_grace_seconds: 0, action: restart }" });
  await until("its end", async () => (await botOf(service)).exits.length > 0, 30_000);
  const { exits: [end] } = await botOf(service);
  const limitAt = Date.parse(end!.startedAt) + 3000;
  const stoppedAt = Date.parse(end!.at);
  const lateMs = stoppedAt - limitAt;
  console.log(`limit to stop: ${lateMs} ms`);
  assert.ok(lateMs >= 0 && lateMs < FAR_BEFORE_RECONCILE_MS, `it was stopped ${lateMs} ms after the limit`);
  assert.match(end!.reason, /^stopped: silent for 3 s; last line: begins \(exit code 143 \(SIGTERM\)\)$/);
  await until("the next start", async () => (await botOf(service)).attempt === 2, 30_000);
  const { output } = await service.berth("logs", "my-bot", "--tail", "10");
  assert.match(output, /stopped for silent/);
  assert.match((await service.berth("describe", "my-bot")).output, /silent for 3 s; last line: begins/);
  assert.match((await service.berth("events", "--tail", "100")).output, /silent for 3 s; last line: begins/);
  await until("a longer wait", async () => {
    const { state, condition } = await botOf(service);
    return state === "backing-off" &&
      /^backing off until .* \(silent for 3 s; last line: begins; it was stopped/.test(condition);
  }, 30_000);
});

Deno.test("a bot is judged by the signal that it has chosen: heartbeats and metrics, and each gives it its full time", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const health = (signal: string) => `{ max_silence_seconds: 2, signal: ${signal}, start_grace_seconds: 0 }`;
  const beats = Array.from({ length: 4 }, () => ["beat", 1.2]).flat();
  const metrics = Array.from({ length: 4 }, () => ["metric", 1.2]).flat();
  await deploy(service, { id: "beats", health: health("heartbeat"), steps: beats, every: 0.2 });
  await deploy(service, {
    id: "metrics",
    health: health("metric\n  metric: equity").replace("{", "\n ").replace("}", "").replaceAll(", ", "\n  "),
    steps: metrics,
    every: 0.2,
  });
  await deploy(service, { id: "prints", health: health("output"), every: 1.5 });
  await untilState(service, "silent", "beats");
  await untilState(service, "silent", "metrics");
  for (const [id, missing] of [["beats", "no heartbeat"], ["metrics", "no metric 'equity'"]] as const) {
    const { condition, startedAt, since, attempt, advice } = await botOf(service, id);
    assert.match(condition, new RegExp(`^silent for 2 s: ${missing}; last line: works$`));
    assert.ok(Date.parse(since!) - Date.parse(startedAt!) > 4 * 1200, "its signals counted");
    assert.equal(attempt, 1, "it is not restarted");
    assert.match(advice!, /berth logs/);
  }
  assert.equal((await botOf(service, "prints")).state, "running");
});

Deno.test("a bot is ready when it says so, says what it does, and stays ready over a restart of Berth", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const health = "{ max_silence_seconds: 60, signal: heartbeat }";
  await deploy(service, { health, steps: [1, "ready", "warms up", 0.1, "trades  BTC-USD"] });
  await untilState(service, "running");
  await untilState(service, "ready");
  await until("its status", async () => (await botOf(service)).statusText === "trades BTC-USD");
  assert.match((await service.berth("ps")).stdout, /^my-bot .* ready$/m);
  assert.match((await service.berth("describe", "my-bot")).output, /^ {2}Says +trades BTC-USD$/m);
  await service.stop();
  await service.start();
  await untilState(service, "ready");
});

Deno.test("a bot that fails its command is restarted at its limit, and one that recovers before is not", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const health = (action: string) =>
    `\n  command: test ! -e /tmp/broken || { echo "there is /tmp/broken"; exit 4; }\n  interval_seconds: 1\n  limit: 3\n` +
    `  start_grace_seconds: 0\n  action: ${action}`;
  await deploy(service, { id: "breaks", health: health("restart"), steps: ["ready", 1, "break"] });
  await deploy(service, { id: "mends", health: health("restart"), steps: ["break", 1.4, "mend"] });
  await until("its end", async () => (await botOf(service, "breaks")).exits.length > 0, 30_000);
  const { exits: [end] } = await botOf(service, "breaks");
  assert.match(
    end!.reason,
    /^stopped: unhealthy: its command failed 3 times in a row: exit code 4; last line: there is \/tmp\/broken; last line: begins/,
  );
  const lastedMs = Date.parse(end!.at) - Date.parse(end!.startedAt);
  assert.ok(lastedMs > 3000, `it lasted ${lastedMs} ms`);
  const { exits, state } = await botOf(service, "mends");
  assert.deepEqual([exits, state], [[], "running"]);
});

Deno.test("a bot that is frozen, or that Berth has not seen for a while, is not restarted", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, {
    health: "{ max_silence_seconds: 3, start_grace_seconds: 0, action: restart }",
    every: 1,
  });
  await untilState(service, "running");
  const { containerId } = await botOf(service);
  const docker = connectDocker(DOCKER_HOST).getContainer(containerId!);
  await docker.pause();
  try {
    await untilState(service, "paused");
    await pause(3500, "nothing may happen to it");
    await service.stop();
    await service.start();
    await untilState(service, "paused");
    await pause(3500, "nothing may happen to it");
  } finally {
    await docker.unpause();
  }
  await untilState(service, "running");
  await pause(1500, "it works again");
  const bot = await botOf(service);
  assert.deepEqual([bot.containerId, bot.exits, bot.state], [containerId, [], "running"]);
});
