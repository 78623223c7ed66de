/** A guard stops a bot from outside, and nothing but a release starts it again. */

import assert from "node:assert/strict";
import { ApiError } from "../../cli/client/api_client.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { startBerth } from "../support/processes/berth_process.ts";
import { until } from "../support/until.ts";

/** A guard acts by this; a reconcile would come after 60 s. */
const FAR_BEFORE_RECONCILE_MS = 20_000;
const ATTEMPTS = fullOrShort(50, 7);
const ID = "my-bot";
const INPUT = { params: { id: ID } };

/** Prints a value, waits until it may print the next one, and says why it is stopped. */
const MAIN = `
import json, time

def main(id, config):
    for value in config["values"]:
        print(json.dumps({"_metric": "equity", "value": value}), flush=True)
        time.sleep(0.3)
    while True: time.sleep(0.05)

def on_stop(id, config, reason):
    print("told " + reason, flush=True)
`;

const GUARDS = `guards:
  - { name: equity, metric: equity, field: value, when: below, limit: 10, action: stop }
`;

async function deploy(service: ServiceFixture, values: readonly number[], settings = GUARDS): Promise<void> {
  const config =
    `name: ${ID}\nversion: 1.0.0\nruntime: python3.11\nentrypoints: { bot: main.py }\n${settings}`;
  const folder = await writeBot(`${service.temp}/bot`, {
    "main.py": MAIN,
    "bot-config.yaml": config,
    "config.json": JSON.stringify({ values }),
  });
  const { code, output } = await service.berth("deploy", folder, "--no-wait");
  assert.equal(code, 0, output);
}

const botOf = ({ client }: ServiceFixture) => client.call("getBot", INPUT);
const stateOf = ({ composed }: ServiceFixture) => composed.bots.state.getRunningBot(ID);
const startsOf = ({ composed }: ServiceFixture) => composed.bots.state.getMetrics().starts;

async function untilLatched(service: ServiceFixture): Promise<void> {
  await until("it is held", () => {
    const { condition, containerId } = stateOf(service) ?? {};
    return condition?.type === "latched" && containerId === undefined;
  });
}

Deno.test("a guard stops a bot at its line, and tells it why; a release lets it begin anew", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { RECONCILE_INTERVAL: "60" } });
  await deploy(service, [12, 8]);
  await untilLatched(service);
  const { stdout } = await service.berth("logs", ID, "--json");
  const lines = stdout.split("\n").map((line) => JSON.parse(line));
  const timeOf = (pattern: RegExp) => {
    const found = lines.find(({ text }) => pattern.test(text));
    assert.ok(found, stdout);
    return Date.parse(found.time);
  };
  const tookMs = timeOf(/told guard equity: equity\.value 8 below 10$/) - timeOf(/"value": 8/);
  console.log(`line to on_stop: ${tookMs} ms`);
  assert.ok(tookMs < FAR_BEFORE_RECONCILE_MS, `${tookMs} ms`);
  const { latches, guards, exits, advice } = await botOf(service);
  assert.equal(latches![0]!.text, "equity.value 8 below 10");
  assert.match(latches![0]!.lastLines.at(-1)!, /"value": 8/);
  assert.equal(guards![0]!.state, "tripped");
  assert.match(exits[0]!.reason, /guard 'equity' tripped/);
  assert.match(advice!, /berth release my-bot --guard/);
  const described = await service.berth("describe", ID);
  assert.match(described.stdout, /^ {2}equity {2}tripped at .*, holds the bot: equity\.value 8 below 10$/m);
  assert.match(
    (await service.berth("ps")).stdout,
    /latched: guard 'equity' tripped at .*: equity\.value 8 below 10/,
  );

  assert.equal((await service.berth("release", ID, "--guard", "other", "--reason", "x")).code, 1);
  assert.equal((await service.berth("release", ID, "--guard", "equity")).code, 2);
  assert.equal(startsOf(service), 1);
  const released = await service.berth("release", ID, "--guard", "equity", "--reason", "deposit arrived");
  assert.equal(released.code, 0, released.output);
  await until(
    "it is started again, and held again",
    async () => startsOf(service) === 2 && (await botOf(service)).latches !== undefined,
  );
  const { entries } = await service.client.call("listAudit", { query: { operation: "releaseGuard" } });
  assert.deepEqual(entries.map(({ who, reason, status }) => [who, reason, status]), [
    ["local", "deposit arrived", 200],
    ["local", "x", 404],
  ]);
});

/** The actions of people and programs. Each is awaited until the service has looked at the bot again. */
const KINDS: Readonly<Record<string, (service: ServiceFixture, round: number) => Promise<unknown>>> = {
  async restart({ client }) {
    const refused = await client.call("restartBot", INPUT).catch((error) => error);
    assert.ok(refused instanceof ApiError && refused.code === "bot/latched", String(refused));
  },
  async enable({ client }) {
    await client.call("disableBot", INPUT);
    await client.call("enableBot", INPUT);
  },
  deploy: (service, round) => deploy(service, [100 + round]),
  "deploy without the guard": (service, round) => deploy(service, [200 + round], ""),
  rollback: ({ client }) => client.call("rollback", { ...INPUT, body: {} }),
  async "remove and deploy"(service, round) {
    await service.client.call("deleteBot", INPUT);
    await deploy(service, [300 + round], "");
  },
  async "an older document in the database"({ composed, client }) {
    const { document } = await client.call("getBot", INPUT);
    await composed.stores.bots.write({
      type: "updated",
      id: ID,
      document: { ...document, id: ID, config: { values: [1000] } },
      order: {},
    });
    composed.bots.wake(ID);
  },
  async "a restart of the service"(service) {
    await service.stop();
    await service.start();
  },
};

Deno.test("nothing starts a bot that a guard holds", async () => {
  await using service = await ServiceFixture.open({ engine: true });
  await deploy(service, [8]);
  await untilLatched(service);
  assert.equal(startsOf(service), 1);
  for (let round = 0; round < ATTEMPTS; round++) {
    for (const [kind, attempt] of Object.entries(KINDS)) {
      const before = kind.includes("service") ? 0 : startsOf(service);
      await attempt(service, round);
      await untilLatched(service);
      assert.equal(startsOf(service), before, `${kind} has started it`);
    }
  }
  // Another process, of another instance, on the same database.
  await service.stop();
  const env = { ...service.env, BERTH_INSTANCE: `${service.env.BERTH_INSTANCE}-2`, LOG_LEVEL: "info" };
  await using other = startBerth(env, undefined, ["--take-over"]);
  await other.logged(/needs attention.*my-bot.*latched/);
  assert.ok(!other.lines.some((line) => /bot started/.test(line)), other.lines.join("\n"));
});
