import assert from "node:assert/strict";
import type { BotChange } from "../../../../services/documents/bot_repository.ts";
import { InProcessBotEvents } from "../../../../services/events/in_process_bot_events.ts";
import { MAX_CONCURRENT_CHANGES } from "../../../../services/events/change_delivery.ts";
import { testInProcessContract } from "../../../contract/in_process_events_contract.ts";
import { EventRecorder, record } from "../../../support/event_recorder.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";

testInProcessContract("InProcessBotEvents", () => new InProcessBotEvents({ disposeMs: 500 }));

function changeOf(id: string): BotChange & { readonly type: "updated" } {
  return { type: "updated", id, document: { id, config: {} }, order: {} };
}

Deno.test("InProcessBotEvents.publish() resolves to true once the subscriber has taken the change", async () => {
  await using events = new InProcessBotEvents();
  const recorder = await record(events);
  const { promise, resolve } = Promise.withResolvers<void>();
  recorder.apply = () => promise;
  let isTaken: boolean | undefined;
  const published = events.publish(changeOf("b")).then((value) => isTaken = value);
  await recorder.until("the change", () => recorder.given.length === 1);
  await settle();
  assert.equal(isTaken, undefined);
  resolve();
  await published;
  assert.equal(isTaken, true);
});

Deno.test("InProcessBotEvents.publish() keeps changes for a subscriber that comes later", async () => {
  await using events = new InProcessBotEvents();
  const published = ["a", "b"].map((id) => events.publish(changeOf(id)));
  const recorder = await record(events);
  assert.deepEqual(await Promise.all(published), [true, true]);
  assert.deepEqual(recorder.ids, ["a", "b"]);
});

Deno.test("InProcessBotEvents.publish() keeps a copy of the change", async () => {
  await using events = new InProcessBotEvents();
  const change = changeOf("b");
  events.publish(change);
  Object.assign(change.document, { config: "changed" });
  const recorder = await record(events);
  await recorder.untilTaken(1);
  assert.deepEqual(recorder.taken, [changeOf("b")]);
});

Deno.test("InProcessBotEvents.publish() resolves to false when the change will not be taken", async () => {
  const events = new InProcessBotEvents({ limit: 2 });
  const recorder = await record(events);
  recorder.apply = () => {
    throw new Error("never");
  };
  const kept = [events.publish(changeOf("a")), events.publish(changeOf("b"))];
  assert.equal(await events.publish(changeOf("c")), false);
  await events[Symbol.asyncDispose]();
  assert.deepEqual(await Promise.all(kept), [false, false]);
  assert.equal(await events.publish(changeOf("d")), false);
  const unheard = new InProcessBotEvents();
  const waiting = unheard.publish(changeOf("a"));
  await unheard[Symbol.asyncDispose]();
  assert.equal(await waiting, false);
});

Deno.test("InProcessBotEvents gives a change again after waits that grow to 5 s", async () => {
  const clock = new FakeClock(1_000_000);
  await using events = new InProcessBotEvents({ clock, random: () => 0 });
  const recorder = new EventRecorder();
  const times: number[] = [];
  recorder.apply = () => {
    times.push(clock.now());
    throw new Error("never");
  };
  events.subscribe(recorder);
  events.publish(changeOf("b"));
  for (let ms = 0; ms < 25_000; ms += 50) await clock.advance(50);
  const waits = times.map((time, i) => time - (times[i - 1] ?? time)).slice(1);
  assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  // Its end need not be waited for by the clock that stands still.
  await settle();
});

Deno.test("InProcessBotEvents slows down while nothing is taken, and not a moment longer", async () => {
  const clock = new FakeClock(1_000_000);
  await using events = new InProcessBotEvents({ clock, random: () => 0 });
  const recorder = new EventRecorder();
  let isAway = true;
  recorder.apply = () => {
    if (isAway) throw new Error("away");
  };
  events.subscribe(recorder);
  for (let i = 0; i < 500; i++) events.publish(changeOf(`b-${i}`));
  for (let ms = 0; ms < 10_000; ms += 50) await clock.advance(50);
  // Those that were given at once, and then one after the other with ever longer pauses.
  const tries = recorder.given.length - MAX_CONCURRENT_CHANGES;
  assert.ok(tries <= 20, `${tries} tries in 10 s`);
  isAway = false;
  for (let ms = 0; ms < 5_000; ms += 50) await clock.advance(50);
  assert.equal(recorder.taken.length, 500);
});
