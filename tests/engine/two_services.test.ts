import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { untilRunning, withBots } from "../support/fixtures/bot_stage.ts";
import { type EmbeddedStage, withEmbedded } from "../support/fixtures/embedded_stage.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { type LiveWatch, watchLive } from "../support/live_watch.ts";
import { pause, until } from "../support/until.ts";

const KILLS = fullOrShort(50, 4);
const NAMES = ["a", "b", "c"];

async function untilAllRun({ containers }: Pick<EmbeddedStage, "containers">): Promise<string[]> {
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
  stage: { readonly live: LiveWatch } & Pick<EmbeddedStage, "containers">,
): Promise<void> {
  const { next: random } = seededRandom(KILLS);
  const running = starters.map((start) => start());
  const before = await untilAllRun(stage);
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
  assert.deepEqual(await untilAllRun(stage), before, "no bot was touched");
  assert.deepEqual(stage.live.doubles, []);
  // And somebody looks after them: one that is killed is started again.
  const [one] = await stage.containers();
  await new Deno.Command("docker", { args: ["kill", one!.id] }).output();
  await until("it is started again", async () => {
    const found = await stage.containers();
    return found.some(({ bot, running, attempt }) => bot === one!.bot && running && attempt === 2);
  });
  assert.equal((await stage.containers()).length, NAMES.length);
  assert.deepEqual(stage.live.doubles, []);
}

async function isOver({ status }: BerthProcess): Promise<boolean> {
  return await Promise.race([status.then(() => true), Promise.resolve(false)]);
}

Deno.test("a second instance on the same SQLite stands by, and takes the bots over when the first has ended", () =>
  withEmbedded(async (stage) => {
    const { start, write, env } = stage;
    for (const name of NAMES) await write(name);
    const first = start();
    const ids = await untilAllRun(stage);
    const second = start({ BERTH_INSTANCE: `${env.BERTH_INSTANCE}-2` });
    await second.logged(/standing by.*instance 'test-.*serves the bots/);
    await first.kill();
    await second.logged(/took over/);
    assert.deepEqual(await untilAllRun(stage), ids);
    await write("a", { symbol: "BTC" });
    await until("a is replaced", async () => (await stage.containers())[0]?.config.symbol === "BTC");
    assert.deepEqual(stage.live.doubles, []);
  }));

Deno.test("a second process of one instance ends with 2: under the same TEMP_DIR, and under another one", () =>
  withEmbedded(async (stage) => {
    const { start, write, temp } = stage;
    for (const name of NAMES) await write(name);
    start();
    const ids = await untilAllRun(stage);
    const others: Record<string, string>[] = [{}, { TEMP_DIR: `${temp}/runtime-2` }];
    for (const more of others) {
      const second = start(more);
      const { code } = await second.status;
      assert.equal(code, 2, second.lines.join("\n"));
      assert.ok(
        second.lines.some((line) => /Another Berth already runs as instance 'test-.*\(.*pid \d+/.test(line)),
      );
    }
    assert.deepEqual(await untilAllRun(stage), ids);
    assert.deepEqual(stage.live.doubles, []);
  }));

Deno.test("bots and schedules of one instance run as two processes", () =>
  withEmbedded(async ({ start, write, containers }) => {
    await write("a");
    const bots = start({ SERVICES: "bots" });
    const schedules = start({ SERVICES: "schedules" });
    await Promise.all([bots, schedules].map((each) => each.logged(/service started/)));
    await until("the bot runs", async () => (await containers())[0]?.running === true);
  }));

Deno.test("BotService notices that its lock was removed, and lets no second service in", () =>
  withEmbedded(async (stage) => {
    const { start, write, env } = stage;
    for (const name of NAMES) await write(name);
    const first = start();
    await untilAllRun(stage);
    await Deno.remove(`${env.TEMP_DIR}/${env.BERTH_INSTANCE}.bots.lock`, { recursive: true });
    await first.logged(/lock was removed, and is taken again/, 20_000);
    const second = start();
    assert.equal((await second.status).code, 2);
    assert.deepEqual(stage.live.doubles, []);
  }));

Deno.test(`two instances on one SQLite, killed ${KILLS} times at random, run no bot twice and stop none`, () =>
  withEmbedded(async (stage) => {
    for (const name of NAMES) await stage.write(name);
    const second = { BERTH_INSTANCE: `${stage.env.BERTH_INSTANCE}-2` };
    await killAtRandom([() => stage.start(), () => stage.start(second)], stage);
  }));

for (const isOnBus of [true, false]) {
  const bus = isOnBus ? "with NATS" : "without NATS";
  Deno.test(`two instances on one MongoDB ${bus}, killed ${KILLS} times at random, run no bot twice and stop none`, () =>
    withBots(async (stage) => {
      const { document, write, env, direct } = stage;
      const isOwn = (labels: Readonly<Record<string, string>>) =>
        labels[LABEL.id]?.startsWith(`${stage.id("")}`) === true;
      await using live = await watchLive(stage.docker, isOwn);
      for (const name of NAMES) await write(document(name));
      const more = { ...direct, RECONCILE_INTERVAL: "1", ...(!isOnBus && { NATS_URL: "" }) };
      const starters = [
        () => stage.start(more),
        () => stage.start({ ...more, TEMP_DIR: env.TEMP_DIR!, BERTH_INSTANCE: `${env.BERTH_INSTANCE}-2` }),
      ];
      await killAtRandom(starters, { live, containers: () => containersOf(stage, isOwn) });
      await removeAll(stage, isOwn);
    }));
}

Deno.test("a second instance on one MongoDB stands by under folders of its own, and keeps off the bots", () =>
  withBots(async (stage) => {
    const { document, write, env, direct } = stage;
    await using live = await watchLive(
      stage.docker,
      (labels) => labels[LABEL.id]?.startsWith(stage.id("")) === true,
    );
    for (const name of NAMES) await write(document(name));
    const more = { ...direct, RECONCILE_INTERVAL: "1" };
    const first = stage.start(more);
    const found = await untilRunning(stage, Object.fromEntries(NAMES.map((name) => [name, {}])));
    const second = stage.start({
      ...more,
      BERTH_INSTANCE: `${env.BERTH_INSTANCE}-2`,
      TEMP_DIR: `${env.HOME}/runtime-2`,
      DATA_DIR: `${env.HOME}/data-2`,
    });
    await second.logged(/standing by.*instance 'test-[^']*' on host .* serves/);
    await pause(3000, "longer than three reads: nothing may change");
    const after = await untilRunning(stage, Object.fromEntries(NAMES.map((name) => [name, {}])));
    assert.deepEqual(after.map(({ id }) => id).sort(), found.map(({ id }) => id).sort());
    // It ends and says so: nobody has to wait for its silence.
    await first[Symbol.asyncDispose]();
    await second.logged(/took over/);
    assert.deepEqual(live.doubles, []);
  }));

async function containersOf(
  { docker }: Parameters<Parameters<typeof withBots>[0]>[0],
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

/** Also those that carry the name of the second instance. */
async function removeAll(
  stage: Parameters<Parameters<typeof withBots>[0]>[0],
  isOwn: (labels: Readonly<Record<string, string>>) => boolean,
): Promise<void> {
  for (const { id } of await containersOf(stage, isOwn)) {
    await stage.docker.getContainer(id).remove({ force: true });
  }
}
