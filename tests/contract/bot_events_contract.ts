/**
 * The contract of every source of events, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { BotEvents, BotEventsStatus } from "../../services/events/bot_events.ts";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import { MAX_CONCURRENT_CHANGES } from "../../services/events/change_delivery.ts";
import { EventRecorder, record } from "../support/event_recorder.ts";
import { pause } from "../support/until.ts";

/** A source of events to test; its disposal disposes the source too. */
export interface BotEventsFixture extends AsyncDisposable {
  /** The source. Nobody has subscribed yet. */
  readonly events: BotEvents;
  /**
   * Publishes as another program does. @param type The kind of event. @param document The document, or the id alone.
   */
  publish(type: BotChange["type"], document: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The source under test. */
export interface BotEventsContractOptions {
  /** Name of the source, for the names of the tests. */
  readonly name: string;
  /** How its events arrive. */
  readonly mode: Extract<BotEventsStatus, { state: "connected" }>["mode"];
  /** Whether a change of a bot may overtake an earlier one of the same bot; `order.sequence` tells then. */
  readonly mayReorder: boolean;
  /** Opens a source. */
  readonly open: () => Promise<BotEventsFixture>;
}

const document = (id: string, more = {}) => ({ id, config: { name: id }, custom: { version: "1" }, ...more });

/**
 * Registers the tests.
 *
 * @param options The options under test.
 */
export function testBotEventsContract({ name, mode, mayReorder, open }: BotEventsContractOptions): void {
  const test = (what: string, body: (fixture: BotEventsFixture) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using fixture = await open();
      await body(fixture);
    });

  test("subscribe() delivers every kind of change, with all fields", async ({ events, publish }) => {
    const recorder = await record(events);
    const begin = Date.now();
    // The version of the code is this old: it says nothing of the event.
    const updatedAt = "2025-01-02T03:04:05.678Z";
    const full = document("b-1", {
      segment_id: 7,
      enabled: false,
      custom: { updatedAt },
      theirs: [{ a: null }],
    });
    await publish("created", full);
    await publish("updated", { ...full, enabled: true });
    await publish("deleted", { id: "b-1" });
    await recorder.untilTaken(3);
    // Where the server tells it. Its clock is this machine's, or one near it.
    const [created, updated, deleted] = recorder.taken.map((change) => {
      const { publishedAt = begin } = change.order;
      assert.ok(Math.abs(publishedAt - begin) < 60_000, `published at ${publishedAt}, not about ${begin}`);
      return change;
    });
    assert.deepEqual(created, { type: "created", id: "b-1", document: full, order: created!.order });
    assert.deepEqual(updated, {
      type: "updated",
      id: "b-1",
      document: { ...full, enabled: true },
      order: updated!.order,
    });
    assert.deepEqual(deleted, { type: "deleted", id: "b-1", order: deleted!.order });
  });

  test("subscribe() tells of the gap before it, and status() of the connection", async ({ events }) => {
    const recorder = await record(events);
    assert.equal(recorder.gaps, 1);
    assert.deepEqual(events.status(), { state: "connected", mode });
  });

  test("subscribe() delivers those of one bot in order, one at a time", async ({ events, publish }) => {
    const recorder = await record(events);
    const applied = new Set<string>();
    recorder.apply = async ({ id }) => {
      assert.ok(!applied.has(id), `two of ${id} at once`);
      applied.add(id);
      await pause(1, "the next change comes meanwhile");
      applied.delete(id);
    };
    for (let i = 0; i < 60; i++) await publish("updated", document(`b-${i % 7}`, { version: i }));
    await recorder.untilTaken(60);
    assert.equal(recorder.given.length, 60);
    for (const [id, changes] of Map.groupBy(recorder.taken, ({ id }) => id)) {
      const versions = changes.map((change) => change.type === "updated" && change.document.version);
      assert.deepEqual(versions, versions.toSorted((a, b) => Number(a) - Number(b)), id);
      const sequences = changes.flatMap(({ order }) => order.sequence ?? []);
      assert.deepEqual(sequences, sequences.toSorted((a, b) => a - b));
      assert.ok(sequences.every(Number.isSafeInteger));
    }
  });

  test("a change that takes long holds up no other bot", async ({ events, publish }) => {
    const recorder = await record(events);
    const { promise, resolve } = Promise.withResolvers<void>();
    recorder.apply = ({ id }) => id === "slow" ? promise : undefined;
    await publish("updated", document("slow", { version: 1 }));
    await publish("updated", document("slow", { version: 2 }));
    for (let i = 0; i < 20; i++) await publish("updated", document(`b-${i}`));
    await recorder.untilTaken(20);
    assert.equal(recorder.given.filter(({ id }) => id === "slow").length, 1);
    resolve();
    await recorder.untilTaken(22);
  });

  test("some are applied at once, and not all", async ({ events, publish }) => {
    const recorder = await record(events);
    const { promise, resolve } = Promise.withResolvers<void>();
    recorder.apply = () => promise;
    const count = 3 * MAX_CONCURRENT_CHANGES;
    for (let i = 0; i < count; i++) await publish("updated", document(`b-${i}`));
    await recorder.until("as many as may be applied", () => recorder.atOnce >= MAX_CONCURRENT_CHANGES);
    recorder.apply = () => pause(1, "others are given meanwhile");
    resolve();
    await recorder.untilTaken(count);
    assert.equal(recorder.atOnce, MAX_CONCURRENT_CHANGES);
  });

  test("a change that is not taken is given again, and holds up no other bot", async ({ events, publish }) => {
    const recorder = await record(events);
    let isBroken = true;
    recorder.apply = ({ id }) => {
      if (id === "broken" && isBroken) throw new Error("not now");
    };
    await publish("updated", document("broken", { enabled: 1 }));
    for (let i = 0; i < 5; i++) await publish("updated", document(`b-${i}`));
    await recorder.untilTaken(5);
    const tries = () => recorder.given.filter(({ id }) => id === "broken").length;
    await recorder.until("a second and third try", () => tries() >= 3);
    assert.deepEqual(recorder.ids.toSorted(), ["b-0", "b-1", "b-2", "b-3", "b-4"]);
    isBroken = false;
    await recorder.untilTaken(6);
    assert.equal(recorder.ids.at(-1), "broken");
  });

  test("the last change of a bot can be told, also when one was not taken at once", async ({ events, publish }) => {
    const recorder = await record(events);
    let failures = 3;
    recorder.apply = () => {
      if (failures-- > 0) throw new Error("not now");
    };
    for (const version of [1, 2, 3]) await publish("updated", document("b", { version }));
    await publish("deleted", { id: "b" });
    await recorder.untilTaken(4);
    assert.equal(recorder.taken.length, 4);
    const inOrder = mayReorder
      ? recorder.taken.toSorted((a, b) => a.order.sequence! - b.order.sequence!)
      : recorder.taken;
    assert.deepEqual(
      inOrder.map((change) => change.type === "deleted" ? "deleted" : change.document.version),
      [1, 2, 3, "deleted"],
    );
  });

  test("a database that is down for a while costs no change", async ({ events, publish }) => {
    const recorder = await record(events);
    let isAway = true;
    recorder.apply = () => {
      if (isAway) throw new Error("away");
    };
    for (let i = 0; i < 30; i++) await publish("created", document(`b-${i}`));
    await recorder.until("a few tries", () => recorder.given.length >= 5);
    assert.deepEqual(recorder.taken, []);
    isAway = false;
    await recorder.untilTaken(30);
    assert.deepEqual(new Set(recorder.ids), new Set(Array.from({ length: 30 }, (_, i) => `b-${i}`)));
    assert.equal(recorder.taken.length, 30);
  });

  test("a subscriber that throws where it must not ends nothing", async ({ events, publish }) => {
    const recorder = new EventRecorder();
    const gap = Promise.withResolvers<void>();
    events.subscribe({
      ...recorder,
      onChange: recorder.onChange,
      onGap: () => {
        gap.resolve();
        throw new Error("onGap");
      },
    });
    await gap.promise;
    await publish("created", document("b"));
    await recorder.untilTaken(1);
  });

  test("subscribe() refuses a second subscriber", async ({ events }) => {
    await record(events);
    assert.throws(() => events.subscribe(new EventRecorder()), TypeError);
  });

  test("disposal waits for the change that is being applied, and gives no other", async ({ events, publish }) => {
    const recorder = await record(events);
    const { promise, resolve } = Promise.withResolvers<void>();
    recorder.apply = () => promise;
    for (const version of [1, 2, 3]) await publish("updated", document("b-1", { version }));
    await recorder.until("the first change", () => recorder.given.length === 1);
    let isDisposed = false;
    const disposed = events[Symbol.asyncDispose]().then(() => isDisposed = true);
    await pause(50, "it must not end before the change is applied");
    assert.equal(isDisposed, false);
    resolve();
    await disposed;
    assert.deepEqual(recorder.ids, ["b-1"]);
    assert.equal(recorder.given.length, 1);
    await events[Symbol.asyncDispose]();
    assert.throws(() => events.subscribe(new EventRecorder()));
  });

  test("disposal is harmless without a subscriber", async ({ events }) => {
    await events[Symbol.asyncDispose]();
    await events[Symbol.asyncDispose]();
  });

  test("disposal ends although a change is applied forever", async ({ events, publish }) => {
    const recorder = await record(events);
    recorder.apply = () => new Promise(() => {});
    await publish("created", document("b"));
    await recorder.until("the change", () => recorder.given.length === 1);
    const since = performance.now();
    await events[Symbol.asyncDispose]();
    assert.ok(performance.now() - since < 5_000);
  });
}
