/** An operator's view of bots that run, end and are restarted, through the command line and the API. */

import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";
import { readEvents } from "../../cli/client/event_stream.ts";
import type { BerthEvent } from "../../services/contract/events.ts";

const LOOP =
  "import time\ndef main(id, config):\n    print('ready', flush=True)\n    while True: time.sleep(0.1)\n";
const CRASH =
  "import time\ndef main(id, config):\n    print('before the crash', flush=True)\n    raise RuntimeError('boom')\n";

async function deploy(service: ServiceFixture, main: string, ...more: string[]): Promise<string> {
  const folder = await writeBot(`${service.temp}/bot`, { "main.py": main });
  const { output } = await service.berth("deploy", folder, ...more);
  return output;
}

async function botOf(service: ServiceFixture) {
  return await service.client.call("getBot", { params: { id: "my-bot" } });
}

Deno.test("berth restart replaces the container of a bot, once for each time that it is asked", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  assert.match(await deploy(service, LOOP), /my-bot runs/);
  const first = await botOf(service);
  const conditions: string[] = [];
  service.composed.bots.state.subscribe((_id, bot) => {
    if (bot?.condition.type === "stopping") conditions.push(bot.condition.reason);
  });
  const started: string[] = [];
  service.composed.bots.state.subscribeActivity((activity) => {
    if (activity.type === "started") started.push(activity.containerId);
  });
  // Two at once are one restart: both name the same container.
  const outcomes = await Promise.all([
    service.berth("restart", "my-bot"),
    service.berth("restart", "my-bot"),
  ]);
  assert.deepEqual(outcomes.map(({ code }) => code), [0, 0]);
  await until("another container runs", async () => {
    const { state, containerId } = await botOf(service);
    return state === "running" && containerId !== first.containerId;
  });
  assert.equal(started.length, 1);
  assert.deepEqual([...new Set(conditions)], ["restart asked for"]);
  const [exit] = (await botOf(service)).exits;
  assert.match(exit!.reason, /^stopped: restart asked for \(exit code 143 \(SIGTERM\)\)$/);
  assert.deepEqual((await botOf(service)).attempt, 1);

  await service.berth("disable", "my-bot");
  const refused = await service.berth("restart", "my-bot");
  assert.equal(refused.code, 1);
  assert.match(refused.output, /Bot 'my-bot' is disabled\. Start it with 'berth enable my-bot'\./);
});

Deno.test("berth describe shows why a bot ended with its last lines, also after a restart of the service", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, CRASH, "--no-wait");
  await until("it has ended twice", async () => (await botOf(service)).exits.length >= 2);
  const { exits } = await botOf(service);
  assert.deepEqual([exits[0]!.reason, exits[0]!.exitCode], ["exit code 1", 1]);
  assert.deepEqual(exits.map(({ attempt }) => attempt), [...exits.keys()].map((at) => exits.length - at));
  await service.stop();
  await service.start();
  await until("the service has looked at it", async () => (await botOf(service)).state !== "unknown");
  const { stdout } = await service.berth("describe", "my-bot");
  assert.match(stdout, /^ {2}State +(backing off until|starting|running)/m);
  assert.match(stdout, /exit code 1, after \ds/);
  // The engine reads stdout and stderr each by itself, so their lines can come in either order.
  assert.match(stdout, /^ {4}\| before the crash$/m);
  assert.match(stdout, /^ {4}\| RuntimeError: boom$/m);
  const after = (await botOf(service)).exits;
  assert.ok(after.length >= exits.length);
  assert.equal(new Set(after.map(({ at }) => at)).size, after.length, "an end is noted twice");
  await until("it backs off", async () => (await botOf(service)).state === "backing-off");
  // It is started at once, as the first start in a row.
  await service.berth("restart", "my-bot");
  await until("it is started again", async () => {
    const { exits: [last] } = await botOf(service);
    return last!.attempt === 1 && last!.at > after[0]!.at;
  });
});

Deno.test("the events of a bot's life can be read on after any of them", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, LOOP);
  await service.berth("restart", "my-bot");
  await until("it runs again", async () => {
    const { exits, state } = await botOf(service);
    return exits.length === 1 && state === "running";
  });
  await service.berth("remove", "my-bot", "--yes");
  const read = async (lastId?: string) => {
    const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
    const query = { last: 1000, follow: "false" as const };
    const response = await service.client.request("streamBotEvents", { params: { id: "my-bot" }, query }, {
      headers,
    });
    return (await Array.fromAsync(readEvents(response))).filter(({ type }) => type !== "open");
  };
  await until("it is gone", async () => (await read()).some(({ type }) => type === "gone"));
  const all = await read();
  const texts = all.map(({ data }) => (JSON.parse(data) as BerthEvent).text);
  const expected = [
    /^document created/,
    /^starting$/,
    /^started$/,
    /^running$/,
    /^stopping: restart asked for$/,
    /^stopped: restart asked for \(exit code 143/,
    /^started$/,
    /^running$/,
    /^document removed$/,
    /^stopping: no document$/,
    /^stopped: no document/,
    /^gone$/,
  ];
  // Each comes, in this order, whatever comes between.
  let at = 0;
  for (const text of texts) if (expected[at]?.test(text)) at++;
  assert.equal(at, expected.length, texts.join("\n"));
  for (const [index, { id }] of all.entries()) {
    assert.deepEqual(await read(id), all.slice(index + 1));
  }
});

Deno.test("berth top measures the containers that run, and asks the engine only then", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  assert.match((await service.berth("top")).output, /No container runs/);
  await deploy(service, "def main(id, config):\n    print('busy', flush=True)\n    while True: pass\n");
  const { code, stdout } = await service.berth("top", "--json");
  assert.equal(code, 0);
  const [usage, ...others] = JSON.parse(stdout);
  assert.deepEqual([usage.id, usage.kind, usage.restarts, others], ["my-bot", "bot", 0, []]);
  assert.ok(usage.cpuPercent > 10, `${usage.cpuPercent} %`);
  assert.ok(usage.memoryBytes > 1024 ** 2 && usage.memoryBytes < usage.memoryLimitBytes);
  assert.match((await service.berth("top")).stdout, /^BOT .*\nmy-bot +bot +[1-9]\d*\.\d % +\d+\.\d MB /);
  const own = await service.client.call("getBotStats", { params: { id: "my-bot" } });
  assert.equal(own.containers.length, 1);
  assert.deepEqual((await service.client.call("getBotStats", { params: { id: "other" } })).containers, []);
});
