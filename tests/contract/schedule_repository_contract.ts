/**
 * The contract of every repository of schedules beyond that of bots, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  NEVER,
  type ScheduleRepository,
  type StoredSchedule,
} from "../../services/schedules/schedule_repository.ts";
import type { BotRepositoryFixture } from "./bot_repository_contract.ts";

/** A repository to test, with a database of its own that was never opened and is empty. */
export interface ScheduleRepositoryFixture extends BotRepositoryFixture {
  /** The repository. */
  readonly repository: ScheduleRepository;
}

/** The repository under test. */
export interface ScheduleRepositoryContractOptions {
  /** Name of the repository, for the names of the tests. */
  readonly name: string;
  /** Makes a repository. */
  readonly make: () => Promise<ScheduleRepositoryFixture>;
}

const NOW = 1_790_000_000;

/** Values that are no usable time. */
const UNUSABLE: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["text", `${NOW}`],
  ["empty-text", ""],
  ["zero", 0],
  ["part-of-zero", 0.5],
  ["negative", -NOW],
  ["milliseconds", NOW * 1000],
  ["beyond-never", NEVER + 1],
  ["huge", 1e300],
  ["true", true],
  ["object", { at: NOW }],
  ["empty-list", []],
  ["list-of-text", ["x"]],
];

function documentOf(id: string, time?: unknown): Record<string, unknown> {
  const config = { schedule: "0 * * * *", text: 'quote" \\ é 🤖', list: [1, 2.5, null, {}] };
  return { id, config, ...(time !== undefined && { next_execution_time: time }), owner: { name: "x" } };
}

function keys(schedules: readonly StoredSchedule[]): string[] {
  return schedules.map(({ key }) => key);
}

/**
 * Registers the tests.
 *
 * @param options The options under test.
 */
export function testScheduleRepositoryContract({ name, make }: ScheduleRepositoryContractOptions): void {
  const test = (what: string, body: (fixture: ScheduleRepositoryFixture) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using fixture = await make();
      await fixture.repository.open();
      await body(fixture);
    });

  test("an empty database has nothing due", async ({ repository }) => {
    assert.deepEqual(await repository.due(NEVER, 10), []);
    assert.equal(await repository.nextDueAfter(0), undefined);
    assert.equal(await repository.find("a"), undefined);
    assert.equal(await repository.advance("a", undefined, NOW), false);
    assert.deepEqual(await repository.advanceAll([]), new Set());
  });

  test("due() gives what is due by then, the earliest first, whole", async ({ repository, seed }) => {
    for (
      const [id, time] of [["later", NOW + 1], ["now", NOW], ["first", NOW - 5], ["never", NEVER]] as const
    ) {
      await seed(documentOf(id, time));
    }
    assert.deepEqual(await repository.due(NOW, 10), [
      { key: "first", document: documentOf("first", NOW - 5), nextExecutionTime: NOW - 5 },
      { key: "now", document: documentOf("now", NOW), nextExecutionTime: NOW },
    ]);
    assert.deepEqual(keys(await repository.due(NOW, 1)), ["first"]);
    assert.deepEqual(keys(await repository.due(NOW + 1, 10)), ["first", "now", "later"]);
    assert.deepEqual(keys(await repository.due(NEVER, 10)), ["first", "now", "later"]);
    assert.deepEqual(await repository.due(NOW - 6, 10), []);
  });

  test("due() gives first what nobody has looked at", async ({ repository, seed }) => {
    await seed(documentOf("due", NOW));
    await seed(documentOf("later", NOW + 1));
    await seed(documentOf("missing"));
    for (const [id, value] of UNUSABLE) await seed(documentOf(id, value));
    const due = await repository.due(NOW, 100);
    const unseen = ["missing", ...UNUSABLE.map(([id]) => id)].sort();
    assert.deepEqual(keys(due).slice(0, -1).sort(), unseen);
    assert.equal(due.at(-1)?.key, "due");
    for (const { key, document, nextExecutionTime } of due.slice(0, -1)) {
      assert.equal(nextExecutionTime, undefined, key);
      assert.deepEqual(document, documentOf(key, UNUSABLE.find(([id]) => id === key)?.[1]));
      assert.deepEqual(await repository.find(key), { key, document });
    }
    const some = keys(await repository.due(NOW, 3));
    assert.equal(some.length, 3);
    assert.ok(some.every((key) => unseen.includes(key)), `${some}`);
    assert.equal(await repository.nextDueAfter(NOW), NOW + 1);
  });

  test("what nobody has looked at comes until its time is set", async ({ repository, seed }) => {
    const ids = ["missing", ...UNUSABLE.map(([id]) => id)];
    await seed(documentOf("missing"));
    for (const [id, value] of UNUSABLE) await seed(documentOf(id, value));
    assert.equal((await repository.due(NOW, 100)).length, ids.length);
    for (const id of ids) {
      assert.equal(await repository.advance(id, NOW, NOW + 60), false, id);
      assert.equal(await repository.advance(id, undefined, NOW + 60), true, id);
      assert.equal(await repository.advance(id, undefined, NOW + 120), false, id);
      assert.deepEqual((await repository.find(id))?.document, documentOf(id, NOW + 60));
    }
    assert.deepEqual(await repository.due(NOW, 100), []);
    assert.deepEqual(keys(await repository.due(NOW + 60, 100)).sort(), ids.sort());
  });

  test("a fraction of a second is cut off", async ({ repository, seed }) => {
    await seed(documentOf("a", NOW + 0.75));
    assert.deepEqual(await repository.due(NOW - 1, 10), []);
    assert.equal(await repository.nextDueAfter(NOW - 1), NOW);
    const [a] = await repository.due(NOW + 1, 10);
    assert.equal(a?.nextExecutionTime, NOW);
    assert.equal(await repository.advance("a", NOW, NOW + 60), true);
    assert.equal((await repository.find("a"))?.nextExecutionTime, NOW + 60);
  });

  test("nextDueAfter() is the earliest time after another, and never NEVER", async ({ repository, seed }) => {
    for (const time of [NOW, NOW + 30, NOW + 10, NEVER]) await seed(documentOf(`at-${time}`, time));
    assert.equal(await repository.nextDueAfter(NOW - 1), NOW);
    assert.equal(await repository.nextDueAfter(NOW), NOW + 10);
    assert.equal(await repository.nextDueAfter(NOW + 10), NOW + 30);
    assert.equal(await repository.nextDueAfter(NOW + 30), undefined);
  });

  test("advance() changes the time and nothing else", async ({ repository, seed }) => {
    await seed(documentOf("a", NOW));
    await seed(documentOf("b", NOW));
    assert.equal(await repository.advance("a", NOW - 1, NOW + 60), false);
    assert.equal(await repository.advance("a", undefined, NOW + 60), false);
    assert.deepEqual(await repository.get("a"), documentOf("a", NOW));
    assert.equal(await repository.advance("a", NOW, NEVER), true);
    assert.deepEqual(await repository.get("a"), documentOf("a", NEVER));
    assert.deepEqual(await repository.find("a"), {
      key: "a",
      document: documentOf("a", NEVER),
      nextExecutionTime: NEVER,
    });
    assert.deepEqual(await repository.get("b"), documentOf("b", NOW));
    assert.deepEqual(keys(await repository.due(NOW, 10)), ["b"]);
    assert.equal(await repository.nextDueAfter(NOW), undefined);
  });

  test("advance() can set a time back", async ({ repository, seed }) => {
    await seed(documentOf("a", NEVER));
    assert.equal(await repository.advance("a", NEVER, NOW), true);
    assert.deepEqual(keys(await repository.due(NOW, 10)), ["a"]);
  });

  test("advanceAll() tells exactly which it has set", async ({ repository, seed }) => {
    for (const id of ["a", "b", "c"]) await seed(documentOf(id, NOW));
    await seed(documentOf("unseen"));
    const advances = [
      { id: "a", from: NOW, to: NOW + 1 },
      { id: "b", from: NOW - 1, to: NOW + 1 },
      { id: "gone", from: NOW, to: NOW + 1 },
      { id: "unseen", from: undefined, to: NOW + 2 },
      { id: "c", from: NOW, to: NOW + 3 },
    ];
    assert.deepEqual(await repository.advanceAll(advances), new Set(["a", "unseen", "c"]));
    const times = await Promise.all(["a", "b", "c", "unseen"].map((id) => repository.find(id)));
    assert.deepEqual(times.map((found) => found?.nextExecutionTime), [NOW + 1, NOW, NOW + 3, NOW + 2]);
    assert.equal(await repository.get("gone"), undefined);
  });

  test("an event that does not name the time leaves it, one that does sets it", async ({ repository, seed }) => {
    await seed(documentOf("a", NOW + 60));
    const config = { schedule: "@daily" };
    await repository.apply({ type: "updated", id: "a", document: { config }, order: { sequence: 1 } });
    assert.deepEqual(await repository.get("a"), { ...documentOf("a", NOW + 60), config });
    assert.equal(await repository.nextDueAfter(NOW), NOW + 60);
    const named = { next_execution_time: NEVER };
    await repository.apply({ type: "updated", id: "a", document: named, order: { sequence: 2 } });
    assert.deepEqual(await repository.get("a"), { ...documentOf("a", NEVER), config });
    assert.equal(await repository.nextDueAfter(NOW), undefined);
    assert.equal(await repository.advance("a", NEVER, NOW), true);
    await repository.apply({ type: "deleted", id: "a", order: { sequence: 3 } });
    assert.deepEqual(await repository.due(NOW, 10), []);
    await repository.apply({ type: "created", id: "a", document: { config }, order: { sequence: 4 } });
    assert.deepEqual(await repository.due(NOW, 10), [{ key: "a", document: { id: "a", config } }]);
  });

  test("a time and an event that come together are both kept", async ({ repository }) => {
    await repository.apply({
      type: "created",
      id: "a",
      document: documentOf("a", NOW),
      order: { sequence: 0 },
    });
    for (let i = 1; i <= 20; i++) {
      const config = { i };
      const [isSet] = await Promise.all([
        repository.advance("a", NOW + i - 1, NOW + i),
        repository.apply({ type: "updated", id: "a", document: { config }, order: { sequence: i } }),
      ]);
      assert.equal(isSet, true);
      assert.deepEqual(await repository.get("a"), { ...documentOf("a", NOW + i), config });
    }
  });

  test("any text is the key of a schedule that is due", async ({ repository, seed }) => {
    const ids = ["a/b", "$where", "a.b", "'; DROP TABLE bots; --", "__proto__", "böt-🤖"];
    for (const id of ids) await seed(documentOf(id, NOW));
    assert.deepEqual(keys(await repository.due(NOW, 100)).sort(), ids.toSorted());
    const advances = ids.map((id) => ({ id, from: NOW, to: NEVER }));
    assert.deepEqual(await repository.advanceAll(advances), new Set(ids));
    assert.deepEqual(await repository.due(NOW, 100), []);
  });

  test("calls about time that are given up reject with the caller's reason", async ({ repository, seed }) => {
    await seed(documentOf("a", NOW));
    const reason = new Error("given up");
    const options = { signal: AbortSignal.abort(reason) };
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(repository.due(NOW, 1, options), isReason);
    await assert.rejects(repository.nextDueAfter(NOW, options), isReason);
    await assert.rejects(repository.find("a", options), isReason);
    await assert.rejects(repository.advance("a", NOW, NEVER, options), isReason);
    await assert.rejects(repository.advanceAll([{ id: "a", from: NOW, to: NEVER }], options), isReason);
    assert.equal((await repository.find("a"))?.nextExecutionTime, NOW);
    await repository[Symbol.asyncDispose]();
    await assert.rejects(repository.due(NOW, 1), { name: "StoreUnavailableError", message: /closed/ });
  });
}
