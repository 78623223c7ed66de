import assert from "node:assert/strict";
import { type Berth, BerthsFixture, leadersOf, putBot } from "../support/fixtures/berths_fixture.ts";
import { lookAt, untilPrinted, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { pause, until } from "../support/until.ts";

const KILLS = fullOrShort(20, 2);
/** Another Berth takes over from a dead leader within this time. */
const TAKE_OVER_MS = 10_000;

/** From the making of a schedule to its only slot. */
const AHEAD_MS = 8_000;

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
  ).catch((error) => {
    throw new Error(`${error.message}\n${berths.map(({ lines }) => lines.join("\n")).join("\n\n")}`);
  });
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
