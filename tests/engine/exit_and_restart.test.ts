/** The fate of a bot that ends by itself, by the setting `restart`, as a user sees it. */

import assert from "node:assert/strict";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

const CONFIG = "name: my-bot\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n";
/** Ends by itself, with the exit code of its configuration. */
const ENDS =
  "import sys\ndef main(id, config):\n    print('ready', flush=True)\n    sys.exit(config.get('code', 0))\n";
const LOOP =
  "import time\ndef main(id, config):\n    print('ready', flush=True)\n    while True: time.sleep(0.1)\n";

async function deploy(
  service: ServiceFixture,
  main: string,
  { settings = "", config = {}, more = [] as string[] } = {},
) {
  const folder = await writeBot(`${service.temp}/bot`, {
    "bot-config.yaml": `${CONFIG}${settings}`,
    "main.py": main,
    "config.json": JSON.stringify(config),
  });
  return await service.berth("deploy", folder, ...more);
}

const botOf = (service: ServiceFixture) => service.client.call("getBot", { params: { id: "my-bot" } });

async function untilState(service: ServiceFixture, state: string): Promise<void> {
  await until(`it is ${state}`, async () => (await botOf(service)).state === state);
}

/** The bot's containers as the engine shows them. */
async function containers(service: ServiceFixture) {
  await using engine = await EngineFixture.open();
  const labels = { "berth.instance": service.config.runner.instance };
  return await engine.orchestrator.listContainers({ labels });
}

Deno.test("a deployed bot that ends well is completed: deploy, ps, describe and events say so", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  const { code, output } = await deploy(service, ENDS);
  assert.equal(code, 0, output);
  assert.match(output, /my-bot ran, and has ended well \(exit code 0\)/);
  assert.match((await service.berth("ps")).stdout, /^my-bot .* completed$/m);
  const bot = await botOf(service);
  assert.deepEqual([bot.state, bot.restart, bot.containerId, bot.advice], [
    "completed",
    "on-failure",
    undefined,
    undefined,
  ]);
  assert.deepEqual(bot.exits.map(({ reason }) => reason), ["exit code 0"]);
  assert.equal(bot.since, bot.exits[0]!.at);
  const { stdout } = await service.berth("describe", "my-bot");
  assert.match(stdout, /^ {2}State +completed$/m);
  assert.match(stdout, /^ {2}Restart +on-failure$/m);
  assert.doesNotMatch(stdout, /To do/);
  const events = await service.berth("events", "--tail", "100");
  assert.match(events.output, /completed/);
  const again = JSON.parse((await deploy(service, ENDS, { more: ["--json"] })).stdout);
  assert.deepEqual([again.isUnchanged, again.start], [true, { outcome: "completed" }]);
  assert.equal((await botOf(service)).exits.length, 1, "it was not run again");
});

Deno.test("a completed bot stays completed over a restart of Berth, and runs again when it is asked to", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  await deploy(service, ENDS);
  await untilState(service, "completed");
  const [first] = await containers(service);
  assert.equal(first?.phase, "exited");
  const { since } = await botOf(service);
  await service.stop();
  await service.start();
  await untilState(service, "completed");
  const after = await botOf(service);
  assert.deepEqual([after.since, after.exits.length], [since, 1]);
  assert.deepEqual((await containers(service)).map(({ id }) => id), [first!.id]);

  const ends = async () =>
    (await botOf(service)).exits.filter(({ reason }) => reason === "exit code 0").length;
  await service.berth("restart", "my-bot");
  await until("it has run again", async () => await ends() === 2);
  await untilState(service, "completed");

  await service.berth("disable", "my-bot");
  await until("nothing is left", async () => (await containers(service)).length === 0);
  await untilState(service, "disabled");
  await service.berth("enable", "my-bot");
  await until("it has run once more", async () => await ends() === 3);

  const changed = await deploy(service, `# another version\n${ENDS}`);
  assert.match(changed.output, /has ended well/);
  assert.equal(await ends(), 4);
  await service.berth("remove", "my-bot");
  await until("all is gone", async () => (await containers(service)).length === 0);
});

Deno.test("restart always starts a bot again that ended well; the change alone does so, too", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, ENDS);
  await untilState(service, "completed");
  const { code, output } = await deploy(service, ENDS, { settings: "restart: always\n" });
  assert.equal(code, 1, output);
  assert.match(output, /does not run: it ended \(exit code 0\), and the service starts it again and again/);
  assert.match(output, /restart: on-failure/);
  await until("it has ended twice", async () => (await botOf(service)).exits.length >= 2);
});

Deno.test("a document of another program is started again however it ends", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, ENDS);
  await untilState(service, "completed");
  const { document } = await botOf(service);
  const { berth: _, ...custom } = document!.custom as Record<string, unknown>;
  await service.client.call("deleteBot", { params: { id: "my-bot" } });
  await until("it is gone", async () => (await containers(service)).length === 0);
  await service.client.call("putBot", { params: { id: "my-bot" }, body: { config: {}, custom } });
  await until("it has ended twice", async () => (await botOf(service)).exits.length >= 2);
  assert.equal((await botOf(service)).restart, "always");
});

Deno.test("restart no leaves a bot ended that failed, and says why and what to do", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "1" } });
  const { code, output } = await deploy(service, ENDS, { settings: "restart: no\n", config: { code: 3 } });
  assert.equal(code, 1);
  assert.match(
    output,
    /does not run: failed: it ended with exit code 3; it is not started again \(restart: no\)/,
  );
  const { since, state, until: next, advice } = await botOf(service);
  assert.deepEqual([state, next], ["failed", undefined]);
  assert.match(advice!, /'berth restart my-bot' starts it again/);
  await service.stop();
  await service.start();
  await untilState(service, "failed");
  assert.deepEqual([(await botOf(service)).since, (await containers(service)).length], [since, 1]);
});

for (
  const [restart, state] of [["always", "running"], ["on-failure", "running"], ["no", "failed"]] as const
) {
  Deno.test(`a bot with restart ${restart} that somebody stops by hand is ${state} after that`, async () => {
    await using service = await ServiceFixture.open({ engine: true });
    const { output } = await deploy(service, LOOP, { settings: `restart: ${restart}\n` });
    assert.match(output, /has stayed up/);
    const { containerId } = await botOf(service);
    await using engine = await EngineFixture.open();
    await engine.docker.getContainer(containerId!).stop();
    await until("its end is noted", async () => (await botOf(service)).exits.length === 1);
    assert.equal(
      (await botOf(service)).exits[0]!.reason,
      "exit code 143 (SIGTERM: something other than Berth stopped it)",
    );
    await untilState(service, state);
    if (state === "running") assert.notEqual((await botOf(service)).containerId, containerId);
  });
}

Deno.test("a replacement names its cause", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, LOOP);
  await deploy(service, `# changed\n${LOOP}`, { config: { size: 2 } });
  const { document } = await botOf(service);
  const body = { custom: document!.custom, config: { size: 3 } };
  await service.client.call("putBot", { params: { id: "my-bot" }, body });
  await until("it is replaced again", async () => {
    const { exits, state } = await botOf(service);
    return state === "running" && exits.length === 2;
  });
  const { exits } = await botOf(service);
  assert.deepEqual(exits.map(({ reason }) => reason), [
    "stopped: replaced, as its configuration changed (exit code 143 (SIGTERM))",
    "stopped: replaced, as its code and its configuration changed (exit code 143 (SIGTERM))",
  ]);
});
