import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { type LiveWatch, watchLive } from "../support/live_watch.ts";
import { pause, until } from "../support/until.ts";

const KILLS = fullOrShort(50, 4);
const NAMES = ["a", "b", "c"];

async function untilAllRun({ containers }: Pick<EmbeddedFixture, "containers">): Promise<string[]> {
  let ids: string[] = [];
  await until("all bots run", async () => {
    const found = await containers();
    ids = found.map(({ id }) => id).sort();
    return found.length === NAMES.length && found.every(({ running }) => running);
  });
  return ids;
}

/** Kills one of two services at random moments, starts it again, and looks at the bots. */
async function killAtRandom(
  starters: readonly (() => BerthProcess)[],
  fixture: { readonly live: LiveWatch } & Pick<EmbeddedFixture, "containers">,
): Promise<void> {
  const { next: random } = seededRandom(KILLS);
  const running = starters.map((start) => start());
  const before = await untilAllRun(fixture);
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(random() * 1500, "one is killed at any moment");
    const at = Math.floor(random() * running.length);
    await running[at]!.kill();
    // Sometimes the other one is killed before this one is back.
    if (random() < 0.3) await running[1 - at]!.kill();
    for (const [index, start] of starters.entries()) {
      if (index === at || await isOver(running[index]!)) running[index] = start();
    }
  }
  assert.deepEqual(await untilAllRun(fixture), before, "no bot was touched");
  assert.deepEqual(fixture.live.doubles, []);
  // And somebody looks after them: one that is killed is started again.
  const [one] = await fixture.containers();
  await new Deno.Command("docker", { args: ["kill", one!.id] }).output();
  await until("it is started again", async () => {
    const found = await fixture.containers();
    return found.some(({ bot, running, attempt }) => bot === one!.bot && running && attempt === 2);
  });
  // Its last lines may have been stored later than it was started.
  await until("no other is left", async () => (await fixture.containers()).length === NAMES.length);
  assert.deepEqual(fixture.live.doubles, []);
}

async function isOver({ status }: BerthProcess): Promise<boolean> {
  return await Promise.race([status.then(() => true), Promise.resolve(false)]);
}

Deno.test("a second instance on the same SQLite stands by, and takes the bots over when the first has ended", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, env } = fixture;
  for (const name of NAMES) await write(name);
  const first = start();
  const ids = await untilAllRun(fixture);
  const second = start({ BERTH_INSTANCE: `${env.BERTH_INSTANCE}-2` });
  await second.logged(/standing by.*instance 'test-.*serves the bots/);
  await first.kill();
  await second.logged(/took over/);
  assert.deepEqual(await untilAllRun(fixture), ids);
  await write("a", { symbol: "BTC" });
  await until("a is replaced", async () => (await fixture.containers())[0]?.config.symbol === "BTC");
  assert.deepEqual(fixture.live.doubles, []);
});

Deno.test("a second process of one instance ends with 2: under the same TEMP_DIR, and under another one", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, temp } = fixture;
  for (const name of NAMES) await write(name);
  start();
  const ids = await untilAllRun(fixture);
  const others: Record<string, string>[] = [{}, { TEMP_DIR: `${temp}/runtime-2` }];
  for (const more of others) {
    const second = start(more);
    const { code } = await second.status;
    assert.equal(code, 2, second.lines.join("\n"));
    assert.ok(
      second.lines.some((line) => /Another Berth already runs as instance 'test-.*\(.*pid \d+/.test(line)),
    );
  }
  assert.deepEqual(await untilAllRun(fixture), ids);
  assert.deepEqual(fixture.live.doubles, []);
});

Deno.test("bots and schedules of one instance run as two processes", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, containers } = fixture;
  await write("a");
  const bots = start({ SERVICES: "bots" });
  const schedules = start({ SERVICES: "schedules" });
  await Promise.all([bots, schedules].map((each) => each.logged(/service started/)));
  await until("the bot runs", async () => (await containers())[0]?.running === true);
});

Deno.test("BotService notices that its lock was removed, and lets no second service in", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { start, write, env } = fixture;
  for (const name of NAMES) await write(name);
  const first = start();
  await untilAllRun(fixture);
  await Deno.remove(`${env.TEMP_DIR}/${env.BERTH_INSTANCE}.bots.lock`, { recursive: true });
  await first.logged(/lock was removed, and is taken again/, 20_000);
  const second = start();
  assert.equal((await second.status).code, 2);
  assert.deepEqual(fixture.live.doubles, []);
});

Deno.test(`two instances on one SQLite, killed ${KILLS} times at random, run no bot twice and stop none`, async () => {
  await using fixture = await EmbeddedFixture.open();
  for (const name of NAMES) await fixture.write(name);
  const second = { BERTH_INSTANCE: `${fixture.env.BERTH_INSTANCE}-2` };
  await killAtRandom([() => fixture.start(), () => fixture.start(second)], fixture);
});

for (const isOnBus of [true, false]) {
  const bus = isOnBus ? "with NATS" : "without NATS";
  Deno.test(`two instances on one MongoDB ${bus}, killed ${KILLS} times at random, run no bot twice and stop none`, async () => {
    await using fixture = await BotFixture.open();
    const { document, write, env, direct } = fixture;
    const isOwn = (labels: Readonly<Record<string, string>>) =>
      labels[LABEL.id]?.startsWith(`${fixture.id("")}`) === true;
    await using live = await watchLive(fixture.docker, isOwn);
    for (const name of NAMES) await write(document(name));
    const more = { ...direct, RECONCILE_INTERVAL: "1", ...(!isOnBus && { NATS_URL: "" }) };
    const starters = [
      () => fixture.start(more),
      () => fixture.start({ ...more, TEMP_DIR: env.TEMP_DIR!, BERTH_INSTANCE: `${env.BERTH_INSTANCE}-2` }),
    ];
    await killAtRandom(starters, { live, containers: () => containersOf(fixture, isOwn) });
    await removeAll(fixture, isOwn);
  });
}

Deno.test("a second instance on one MongoDB stands by under folders of its own, and keeps off the bots", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, env, direct } = fixture;
  await using live = await watchLive(
    fixture.docker,
    (labels) => labels[LABEL.id]?.startsWith(fixture.id("")) === true,
  );
  for (const name of NAMES) await write(document(name));
  const more = { ...direct, RECONCILE_INTERVAL: "1" };
  const first = fixture.start(more);
  const found = await untilRunning(fixture, Object.fromEntries(NAMES.map((name) => [name, {}])));
  const second = fixture.start({
    ...more,
    BERTH_INSTANCE: `${env.BERTH_INSTANCE}-2`,
    TEMP_DIR: `${env.HOME}/runtime-2`,
    DATA_DIR: `${env.HOME}/data-2`,
  });
  await second.logged(/standing by.*instance 'test-[^']*' on host .* serves/);
  await pause(3000, "longer than three reads: nothing may change");
  const after = await untilRunning(fixture, Object.fromEntries(NAMES.map((name) => [name, {}])));
  assert.deepEqual(after.map(({ id }) => id).sort(), found.map(({ id }) => id).sort());
  // It ends and says so: nobody has to wait for its silence.
  await first[Symbol.asyncDispose]();
  await second.logged(/took over/);
  assert.deepEqual(live.doubles, []);
});

async function containersOf(
  { docker }: BotFixture,
  isOwn: (labels: Readonly<Record<string, string>>) => boolean,
) {
  const { toBotContainer } = await import("../support/fixtures/bot_container.ts");
  const list = await docker.listContainers({ all: true, filters: { label: [`${LABEL.managed}=true`] } });
  const own = list.filter(({ Labels }) => isOwn(Labels));
  const found = await Promise.all(
    own.map(({ Id }) => docker.getContainer(Id).inspect().catch(() => undefined)),
  );
  return found.filter((each) => each !== undefined).map(toBotContainer);
}

/** Removes also the containers that carry the name of the second instance. */
async function removeAll(
  fixture: BotFixture,
  isOwn: (labels: Readonly<Record<string, string>>) => boolean,
): Promise<void> {
  for (const { id } of await containersOf(fixture, isOwn)) {
    await fixture.docker.getContainer(id).remove({ force: true });
  }
}
