/**
 * What every repository of bots promises, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseBotDocument } from "../../services/documents/bot_document.ts";
import type {
  BotChange,
  BotDocument,
  BotRepository,
  EventOrder,
} from "../../services/documents/bot_repository.ts";

/** A repository to test, with a database of its own that was never opened and is empty. */
export interface BotRepositoryFixture extends AsyncDisposable {
  /** The repository. */
  readonly repository: BotRepository;
  /** Another on the same database, as after a restart. */
  readonly another: () => BotRepository;
  /** Writes a document the way another program does: past the repository. */
  readonly seed: (document: BotDocument) => Promise<void>;
}

/** What is to be tested. */
export interface BotRepositoryContractOptions {
  /** Name of the repository, for the names of the tests. */
  readonly name: string;
  /** Makes a repository. */
  readonly make: () => Promise<BotRepositoryFixture>;
}

/** A whole document of bot `id`, told apart by `state` and written at `updatedAt`. */
function documentOf(id: string, state: string, updatedAt = 1): Record<string, unknown> {
  return {
    id,
    segment_id: 0,
    config: { state },
    custom: {
      version: "1",
      filePath: "user/bot/1",
      updatedAt: new Date(updatedAt).toISOString(),
      config: { entrypoints: { bot: "main.py" } },
    },
  };
}

function change(type: "created" | "updated", id: string, state: string, order: EventOrder = {}): BotChange {
  return { type, id, document: documentOf(id, state, order.updatedAt), order };
}

function deletion(id: string, order: EventOrder = {}): BotChange {
  return { type: "deleted", id, order };
}

function stateOf(document: BotDocument | undefined): unknown {
  return (document?.config as Record<string, unknown> | undefined)?.state;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

const HOSTILE_IDS = [
  "a/b",
  "..",
  "$where",
  "a.b",
  "'; DROP TABLE bots; --",
  "(document 1)",
  "__proto__",
  "bot\n1",
  "böt-🤖",
  "x".repeat(900),
];

/**
 * Registers the tests.
 *
 * @param options What is to be tested.
 */
export function testBotRepositoryContract({ name, make }: BotRepositoryContractOptions): void {
  const test = (what: string, body: (fixture: BotRepositoryFixture) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using fixture = await make();
      await fixture.repository.open();
      await body(fixture);
    });

  test("an empty database has no bots, and open() again changes nothing", async ({ repository }) => {
    assert.deepEqual(await repository.list(), []);
    assert.equal(await repository.get("a"), undefined);
    assert.equal(await repository.apply(change("created", "a", "first")), true);
    await repository.open();
    assert.equal(stateOf(await repository.get("a")), "first");
  });

  test("apply() writes what list() and get() give", async ({ repository }) => {
    const document = {
      ...documentOf("a", "first"),
      config: { text: 'quote" \\ \n é 🤖', list: [1, 2.5, -0.1, null, true, {}], big: 2 ** 53 - 1 },
    };
    assert.equal(
      await repository.apply({ type: "created", id: "a", document, order: { sequence: 1 } }),
      true,
    );
    assert.deepEqual(await repository.get("a"), document);
    assert.deepEqual(await repository.list(), [{ key: "a", document }]);
    assert.equal(await repository.get("A"), undefined);
  });

  test("a created bot that exists stays as it is", async ({ repository, seed }) => {
    await seed(documentOf("a", "seeded"));
    assert.equal(await repository.apply(change("created", "a", "created", { sequence: 7 })), false);
    assert.equal(stateOf(await repository.get("a")), "seeded");
    // It was heard all the same: what comes before it is old.
    assert.equal(await repository.apply(change("updated", "a", "old", { sequence: 6 })), false);
    assert.equal(stateOf(await repository.get("a")), "seeded");
  });

  test("an update makes a bot that does not exist", async ({ repository }) => {
    assert.equal(await repository.apply(change("updated", "a", "updated", { sequence: 1 })), true);
    assert.equal(stateOf(await repository.get("a")), "updated");
  });

  test("an update keeps the fields that it does not name, and replaces those that it does", async ({ repository, seed }) => {
    const seeded = {
      ...documentOf("a", "seeded"),
      enabled: true,
      owner: { name: "x", tags: [1] },
      segment_id: 4,
    };
    await seed(seeded);
    const config = { other: 1 };
    assert.equal(
      await repository.apply({ type: "updated", id: "a", document: { config }, order: { sequence: 1 } }),
      true,
    );
    assert.deepEqual(await repository.get("a"), { ...seeded, config });
  });

  test("an update that names nothing keeps everything", async ({ repository, seed }) => {
    await seed(documentOf("a", "seeded"));
    assert.equal(await repository.apply({ type: "updated", id: "a", document: {}, order: {} }), true);
    assert.deepEqual(await repository.get("a"), documentOf("a", "seeded"));
  });

  test("a deletion removes one bot and is remembered", async ({ repository, another }) => {
    for (const id of ["a", "b"]) await repository.apply(change("created", id, "first", { sequence: 1 }));
    assert.equal(await repository.apply(deletion("a", { sequence: 3 })), true);
    assert.deepEqual((await repository.list()).map(({ key }) => key), ["b"]);
    await using restarted = another();
    await restarted.open();
    for (const type of ["created", "updated"] as const) {
      assert.equal(await restarted.apply(change(type, "a", "late", { sequence: 2 })), false);
    }
    assert.equal(await restarted.get("a"), undefined);
    assert.equal(await restarted.apply(change("created", "a", "again", { sequence: 4 })), true);
    assert.equal(stateOf(await restarted.get("a")), "again");
  });

  test("a deletion without a time is later than the document it removes", async ({ repository }) => {
    const created = change("created", "a", "first", { updatedAt: 1000 });
    await repository.apply(created);
    assert.equal(await repository.apply(deletion("a")), true);
    assert.equal(await repository.apply(created), false);
    assert.equal(await repository.get("a"), undefined);
    assert.equal(await repository.apply(change("created", "a", "again", { updatedAt: 1001 })), true);
  });

  test("the deletion of a bot that never was keeps it from being made late", async ({ repository }) => {
    assert.equal(await repository.apply(deletion("a", { sequence: 2 })), true);
    assert.equal(await repository.apply(change("created", "a", "late", { sequence: 1 })), false);
    assert.equal(await repository.get("a"), undefined);
  });

  test("apply() tells of the whole document when it is written, and of nothing else", async ({ repository, seed }) => {
    const told: (BotDocument | undefined)[] = [];
    const onWritten = (document: BotDocument | undefined) => void told.push(document);
    const apply = (event: BotChange) => repository.apply(event, { onWritten });
    await seed({ ...documentOf("b", "seeded"), owner: { name: "x", tags: [1, 2.5, null] } });
    const hostile = JSON.parse(
      '{"__proto__":1,"":2,"a.b":3,"$set":4,"_id":5,"text":"é\\u0000🤖","list":[{}]}',
    );
    const events: BotChange[] = [
      change("created", "a", "1", { sequence: 1 }),
      { type: "updated", id: "a", document: { config: { state: "2" }, ...hostile }, order: { sequence: 2 } },
      { type: "updated", id: "b", document: { enabled: false }, order: { sequence: 3 } },
      { type: "updated", id: "b", document: {}, order: { sequence: 4 } },
      deletion("a", { sequence: 5 }),
    ];
    for (const event of events) {
      assert.equal(await apply(event), true);
      assert.equal(told.length, 1);
      assert.deepEqual(told.pop(), await repository.get(event.id));
    }
    assert.equal(await apply(change("updated", "a", "late", { sequence: 4 })), false);
    assert.equal(await apply(change("created", "b", "created", { sequence: 6 })), false);
    // What was not there, another program may have made meanwhile: it may be told of, and is whole then.
    assert.equal(await apply(change("updated", "c", "made", { sequence: 7 })), true);
    for (const document of told) assert.deepEqual(document, await repository.get("c"));
  });

  test("an event that is given again changes nothing", async ({ repository }) => {
    const events = [
      change("created", "a", "1", { sequence: 1 }),
      change("updated", "a", "2", { sequence: 2 }),
      deletion("a", { sequence: 3 }),
      change("created", "a", "4", { sequence: 4 }),
      change("updated", "a", "5", { sequence: 5 }),
    ];
    for (const [i, event] of events.entries()) {
      assert.equal(await repository.apply(event), true);
      const state = stateOf(await repository.get("a"));
      for (const again of events.slice(0, i + 1)) assert.equal(await repository.apply(again), false);
      assert.equal(stateOf(await repository.get("a")), state);
    }
  });

  for (const by of ["sequence", "updatedAt"] as const) {
    test(`events in any order leave the newest state, by ${by}`, async ({ repository }) => {
      const order = (n: number) =>
        by === "sequence" ? { sequence: n, updatedAt: 1000 } : { updatedAt: n * 1000 };
      const ends: [(id: string) => BotChange, unknown][] = [
        [(id) => change("created", id, "4", order(4)), "4"],
        [(id) => change("updated", id, "4", order(4)), "4"],
        [(id) => deletion(id, order(4)), undefined],
      ];
      for (const [e, [last, state]] of ends.entries()) {
        for (const [p, places] of permutations([0, 1, 2, 3]).entries()) {
          const id = `bot-${e}-${p}`;
          const events = [
            change("created", id, "1", order(1)),
            change("updated", id, "2", order(2)),
            deletion(id, order(3)),
            last(id),
          ];
          // A creation that overtakes the deletion before it finds a bot, and is a no-op as agreed.
          const isOvertaking = places.indexOf(3) > 0 && places.indexOf(3) < places.indexOf(2);
          if (events[3]!.type === "created" && isOvertaking) continue;
          for (const place of places) await repository.apply(events[place]!);
          assert.equal(stateOf(await repository.get(id)), state, `${id}: ${places}`);
        }
      }
    });
  }

  test("a sequence counts more than a time", async ({ repository }) => {
    await repository.apply(change("updated", "a", "new", { sequence: 2, updatedAt: 1000 }));
    assert.equal(
      await repository.apply(change("updated", "a", "old", { sequence: 1, updatedAt: 9000 })),
      false,
    );
    assert.equal(
      await repository.apply(change("updated", "a", "newer", { sequence: 3, updatedAt: 500 })),
      true,
    );
    assert.equal(stateOf(await repository.get("a")), "newer");
  });

  test("an event without an order is newer than anything before it", async ({ repository }) => {
    await repository.apply(change("updated", "a", "1", { sequence: 5, updatedAt: 1000 }));
    const document = { config: { state: "2" } };
    assert.equal(await repository.apply({ type: "updated", id: "a", document, order: {} }), true);
    assert.equal(stateOf(await repository.get("a")), "2");
    assert.equal(await repository.apply(change("updated", "a", "late", { sequence: 5 })), false);
  });

  test("an event older than what another program has written changes nothing", async ({ repository, seed }) => {
    await seed(documentOf("a", "seeded", 5000));
    assert.equal(
      await repository.apply(change("updated", "a", "old", { sequence: 1, updatedAt: 4000 })),
      false,
    );
    assert.equal(stateOf(await repository.get("a")), "seeded");
    // The time is that of the bot's code: a change of its configuration has the same.
    assert.equal(
      await repository.apply(change("updated", "a", "new", { sequence: 2, updatedAt: 5000 })),
      true,
    );
    assert.equal(stateOf(await repository.get("a")), "new");
  });

  test("a bot that another program has written after its deletion is there", async ({ repository, seed }) => {
    await repository.apply(change("created", "a", "first", { updatedAt: 1000 }));
    await repository.apply(deletion("a"));
    await seed(documentOf("a", "seeded", 1000));
    assert.equal(await repository.apply(change("updated", "a", "updated", { updatedAt: 1000 })), true);
    assert.equal(stateOf(await repository.get("a")), "updated");
  });

  test("an event cannot change the key, and fields of impossible names are left out", async ({ repository }) => {
    const event = (type: "created" | "updated", state: string, sequence: number): BotChange => ({
      type,
      id: "a",
      order: { sequence },
      document: JSON.parse(
        JSON.stringify({
          ...documentOf("b", state),
          _id: "c",
          "": 1,
          "config.state": "hidden",
          $set: { id: "d" },
          __other__: 1,
        }).replace("__other__", "__proto__"),
      ),
    });
    const expected = (state: string) => ({ ...documentOf("a", state), ["__proto__"]: 1 });
    for (const [i, type] of (["created", "updated"] as const).entries()) {
      assert.equal(await repository.apply(event(type, type, i)), true);
      assert.deepEqual(await repository.get("a"), expected(type));
    }
    assert.deepEqual((await repository.list()).map(({ key }) => key), ["a"]);
  });

  test("any text is a key", async ({ repository }) => {
    for (const [i, id] of HOSTILE_IDS.entries()) await repository.apply(change("created", id, `${i}`));
    for (const [i, id] of HOSTILE_IDS.entries()) assert.equal(stateOf(await repository.get(id)), `${i}`, id);
    assert.deepEqual(new Set((await repository.list()).map(({ key }) => key)), new Set(HOSTILE_IDS));
    for (const id of HOSTILE_IDS) assert.equal(await repository.apply(deletion(id)), true);
    assert.deepEqual(await repository.list(), []);
  });

  test("broken documents keep no other from being read", async ({ repository, seed }) => {
    const { custom: _, ...withoutCustom } = documentOf("no-custom", "x");
    const poison: BotDocument[] = [
      withoutCustom,
      { ...documentOf("config-text", "x"), config: "text" },
      { ...documentOf("no-entrypoints", "x"), custom: { filePath: "x", config: {} } },
      { ...documentOf("dates-numbers", "x"), custom: { createdAt: 1, updatedAt: 2 } },
      documentOf("with/slash", "x"),
      { ...documentOf("large", "x"), config: { data: "x".repeat(1024 * 1024) } },
    ];
    for (const [i, document] of poison.entries()) {
      await seed(documentOf(`good-${i}`, "good"));
      await seed(document);
    }
    const bots = await repository.list();
    const invalid = bots.filter(({ document }) => parseBotDocument(document).status === "invalid");
    assert.deepEqual(invalid.map(({ key }) => key).sort(), poison.map(({ id }) => id).sort());
    assert.equal(bots.length, 2 * poison.length);
    for (const { key, document } of bots) assert.deepEqual(await repository.get(key), document);
  });

  test("list() gives every document of many, with no more and no less", async ({ repository, seed }) => {
    const ids = Array.from({ length: 250 }, (_, i) => `bot-${i}`);
    const config = { data: "x".repeat(2000) };
    for (const id of ids) await seed({ ...documentOf(id, "x"), config });
    assert.deepEqual((await repository.list()).map(({ key }) => key), ids.sort());
  });

  test("changes of one bot at the same time leave the newest", async ({ repository }) => {
    const sequences = Array.from({ length: 20 }, (_, i) => (i * 7) % 20);
    await Promise.all(
      sequences.map((sequence) => repository.apply(change("updated", "a", `${sequence}`, { sequence }))),
    );
    assert.equal(stateOf(await repository.get("a")), "19");
    assert.equal((await repository.list()).length, 1);
  });

  test("what is given up rejects with the caller's reason and changes nothing", async ({ repository }) => {
    const reason = new Error("given up");
    const options = { signal: AbortSignal.abort(reason) };
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(repository.open(options), isReason);
    await assert.rejects(repository.get("a", options), isReason);
    await assert.rejects(repository.list(options), isReason);
    await assert.rejects(repository.apply(change("created", "a", "x"), options), isReason);
    assert.deepEqual(await repository.list(), []);
  });

  test("a closed repository refuses, and can be closed again", async ({ repository, another }) => {
    await repository[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
    await assert.rejects(repository.list(), { name: "StoreUnavailableError", message: /closed/ });
    // The connection is not its own.
    await using other = another();
    assert.deepEqual(await other.list(), []);
  });
}
