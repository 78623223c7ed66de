import assert from "node:assert/strict";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { lookAt, untilPrinted, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { RunFixture } from "../support/fixtures/run_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { type LiveWatch, watchLive } from "../support/live_watch.ts";
import type { BerthProcess } from "../support/processes/berth_process.ts";
import { startClusterBerth } from "../support/processes/cluster_berth.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { pause, until } from "../support/until.ts";

const KILLS = fullOrShort(20, 2);
/** A leader that has died is followed within this time. */
const TAKE_OVER_MS = 10_000;

/** From the making of a schedule to its only slot. */
const AHEAD_MS = 8_000;

/** One of several Berths, with a client of its API. */
interface Berth extends BerthProcess {
  readonly client: ApiClient;
  /** The services that it leads. */
  led(): Promise<string[]>;
}

/** Several Berths of one cluster, on one MongoDB. */
class BerthsFixture implements AsyncDisposable {
  readonly bots: RunFixture;
  readonly live: LiveWatch;
  readonly #stack: AsyncDisposableStack;
  #started = 0;

  private constructor(bots: RunFixture, live: LiveWatch, stack: AsyncDisposableStack) {
    this.bots = bots;
    this.live = live;
    this.#stack = stack;
  }

  static async open(): Promise<BerthsFixture> {
    await using stack = new AsyncDisposableStack();
    const bots = stack.use(await RunFixture.open());
    const isOwn = (labels: Readonly<Record<string, string>>) =>
      labels[LABEL.id]?.startsWith(bots.id("")) === true;
    const live = stack.use(await watchLive(bots.docker, isOwn));
    return new BerthsFixture(bots, live, stack.move());
  }

  /** Starts a Berth. @param more Configuration that differs. */
  start(more: Record<string, string> = {}): Berth {
    const { env, direct } = this.bots;
    const own = {
      ...env,
      ...direct,
      SERVICES: "bots,schedules",
      // Only what it hears tells it of a change.
      RECONCILE_INTERVAL: "600",
      ...more,
      TEMP_DIR: `${env.HOME}/berth-${++this.#started}`,
    };
    const berth = this.#stack.use(startClusterBerth(own, env.TEMP_DIR!));
    const client = this.#stack.use(new ApiClient(serverOf(own)));
    return {
      ...berth,
      [Symbol.asyncDispose]: () => berth[Symbol.asyncDispose](),
      client,
      async led() {
        const service = await client.call("getService", {}).catch(() => undefined);
        return service?.serving.flatMap(({ service, serves }) => serves ? [service] : []) ?? [];
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Makes a schedule of one slot, which comes after the leader has died. @returns The slot. */
async function putSchedule({ client }: Berth, { bots }: BerthsFixture, name: string): Promise<number> {
  const at = new Date(Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000);
  const { _id: _, custom, ...document } = bots.document(name);
  const [day, time] = at.toISOString().split(/[T.]/);
  const [, month, date] = day!.split("-").map(Number);
  const [hour, minute, second] = time!.split(":").map(Number);
  const body = {
    ...document,
    config: { takes: 3, schedule: `${second} ${minute} ${hour} ${date} ${month} *` },
    custom: { ...custom, filePath: "schedule/1" },
  };
  await client.call("putSchedule", { params: { id: document.id }, body });
  return at.getTime() / 1000;
}

/** Waits until somebody leads each service. @returns Who leads the bots, and who leads the schedules. */
async function leadersOf(berths: readonly Berth[], services = ["bots", "schedules"]): Promise<Berth[]> {
  let leaders: (Berth | undefined)[] = [];
  await until(`somebody leads ${services.join(" and ")}`, async () => {
    const led = await Promise.all(berths.map(async (berth) => [berth, await berth.led()] as const));
    leaders = services.map((service) => led.find(([, names]) => names.includes(service))?.[0]);
    return leaders.every((leader) => leader !== undefined);
  });
  return leaders as Berth[];
}

function putBot({ client }: Berth, { bots }: BerthsFixture, name: string, config = {}): Promise<unknown> {
  const { _id: _, ...document } = bots.document(name, config);
  return client.call("putBot", { params: { id: document.id }, body: document });
}

for (const bus of ["with NATS", "without NATS"]) {
  Deno.test(`any Berth of a cluster writes documents and reads logs, and the leader hears of it, ${bus}`, async () => {
    await using fixture = await BerthsFixture.open();

    const { bots } = fixture;
    // Schedules need the bus.
    const more: Record<string, string> = bus === "with NATS" ? {} : { NATS_URL: "", SERVICES: "bots" };
    const one = fixture.start(more);
    await leadersOf([one], ["bots"]);
    const two = fixture.start(more);
    await two.logged(/standing by.*instance 'test-[^']*' on host swarm .* serves/);
    const beganAt = performance.now();
    await putBot(two, fixture, "a", { prints: ["hello"] });
    await one.logged(/bot started/);
    const tookMs = performance.now() - beganAt;
    assert.ok(tookMs < 10_000, `the leader took ${tookMs} ms`);
    await untilPrinted(bots, await untilRunning(bots, { a: undefined }));
    await two.client.call("disableBot", { params: { id: bots.id("a") } });
    await untilRunning(bots, {});
    await until("its log can be read from the other one", async () => {
      const response = await two.client.request("readLogs", { params: { id: bots.id("a") }, query: {} });
      return (await response.text()).includes('"text":"hello"');
    });
    await two.client.call("deleteBot", { params: { id: bots.id("a") } });
    await until(
      "the document is gone",
      async () => await bots.documents.findOne({ id: bots.id("a") }) === null,
    );
    assert.ok(!two.lines.some((line) => /bot started|bot stopped/.test(line)));
    const { trouble } = await two.client.call("listBots", { query: {} });
    assert.match(trouble!, /waits for the right to serve: instance/);
  });
}

Deno.test("a leader that stands still is followed within 10 s, and does no harm when it wakes up", async () => {
  await using fixture = await BerthsFixture.open();
  const { bots, live } = fixture;
  const one = fixture.start();
  await leadersOf([one]);
  const two = fixture.start();
  await two.logged(/standing by/);
  for (const name of ["a", "b", "c"]) await putBot(one, fixture, name);
  const found = await untilRunning(bots, { a: {}, b: {}, c: {} });
  one.signal("SIGSTOP");
  const stoppedAt = performance.now();
  await leadersOf([two]);
  const tookMs = performance.now() - stoppedAt;
  assert.ok(tookMs < TAKE_OVER_MS, `the take-over took ${tookMs} ms`);
  // There is something to do for it at once: a bot that has ended, one that is new, and one that may not run.
  await putBot(two, fixture, "a", { changed: 1 });
  await putBot(two, fixture, "d");
  await two.client.call("disableBot", { params: { id: bots.id("b") } });
  await untilRunning(bots, { a: { changed: 1 }, c: {}, d: {} });
  const actions = live.history.length;
  one.signal("SIGCONT");
  assert.notEqual((await one.status).code, 0);
  assert.ok(
    one.lines.some((line) => /The right to serve .* was taken over by instance/.test(line)),
    one.lines.at(-1),
  );
  assert.equal(live.history.length, actions, "it has touched a container");
  assert.deepEqual(live.doubles, []);
  const after = await untilRunning(bots, { a: { changed: 1 }, c: {}, d: {} });
  const idOf = (list: typeof found, name: string) => list.find(({ bot }) => bot === bots.id(name))!.id;
  assert.equal(idOf(after, "c"), idOf(found, "c"), "a bot that nobody changed runs on");
});

Deno.test(`the leader of three Berths is killed ${KILLS} times during deploys, runs and stops`, async () => {
  await using fixture = await BerthsFixture.open();
  const { bots, live } = fixture;
  const { next: random } = seededRandom(KILLS);
  const berths = Array.from({ length: 3 }, () => fixture.start());
  const slots = new Map<string, number>();
  let [one] = await leadersOf(berths);
  const names = ["a", "b", "c"];
  for (const name of names) await putBot(one!, fixture, name, { round: -1 });
  let slowest = 0;
  for (let round = 0; round < KILLS; round++) {
    const other = berths.find((berth) => berth !== one)!;
    slots.set(`run-${round}`, await putSchedule(other, fixture, `run-${round}`));
    const deploys = names.map((name) => putBot(other, fixture, name, { round }));
    if (round % 3 === 1) deploys.push(other.client.call("disableBot", { params: { id: bots.id("a") } }));
    await pause(random() * 4000, "it is killed at any moment of them");
    await one!.kill();
    const killedAt = performance.now();
    await Promise.all(deploys);
    berths.splice(berths.indexOf(one!), 1);
    // Each service may have another leader; now and then it is that of the schedules that dies next.
    one = (await leadersOf(berths))[round % 2];
    slowest = Math.max(slowest, performance.now() - killedAt);
    berths.push(fixture.start());
    if (round % 3 === 1) await one!.client.call("enableBot", { params: { id: bots.id("a") } });
  }
  assert.ok(slowest < TAKE_OVER_MS, `the slowest take-over took ${slowest} ms`);
  const last = { round: KILLS - 1 };
  await until(
    "all bots are as they were written last",
    async () =>
      "found" in await lookAt(bots, { a: last, b: last, c: last }) ||
      // Runs are containers, too.
      (await bots.containers()).filter(({ config, running }) => running && config.round === last.round)
          .length === 3,
  );
  for (const [name, slot] of slots) {
    await until(`the run of ${name} is over`, async () => {
      const records = await bots.runs.list(bots.id(name));
      return records.length === 1 && records[0]!.state !== "claimed" && records[0]!.state !== "running";
    });
    const [record] = await bots.runs.list(bots.id(name));
    assert.equal(record!.slot, slot);
    assert.equal(record!.state, "succeeded", record!.reason);
    const starts = [...bots.starts].filter(([key]) => key.startsWith(`${bots.id(name)}@`));
    assert.deepEqual(starts.map(([, count]) => count), [1], `${name} was started ${JSON.stringify(starts)}`);
  }
  assert.deepEqual(live.doubles, []);
});
