/**
 * The contract of every repository of bots, as tests.
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

/** The repository under test. */
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
  return { type, id, document: documentOf(id, state), order };
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
 * @param options The options under test.
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

  test("wasDeleted() knows what was deleted last, also in another process", async ({ repository, another }) => {
    assert.equal(await repository.wasDeleted("a"), false);
    await repository.apply(change("created", "a", "first"));
    assert.equal(await repository.wasDeleted("a"), false);
    await repository.apply(deletion("a"));
    await using restarted = another();
    await restarted.open();
    assert.equal(await restarted.wasDeleted("a"), true);
    await restarted.apply(change("created", "a", "again"));
    assert.equal(await restarted.wasDeleted("a"), false);
  });

  test("a deletion without a time is later than the document it removes", async ({ repository }) => {
    const created = change("created", "a", "first", { sequence: 1 });
    await repository.apply(created);
    assert.equal(await repository.apply(deletion("a")), true);
    assert.equal(await repository.apply(created), false);
    assert.equal(await repository.get("a"), undefined);
    assert.equal(await repository.apply(change("created", "a", "again", { sequence: 2 })), true);
  });

  test("a deletion that is found twice does not remove what was written since", async ({ repository, seed }) => {
    await repository.apply(change("created", "a", "first", { publishedAt: 1000 }));
    const removal = deletion("a", { publishedAt: 2000 });
    assert.equal(await repository.apply(removal), true);
    await seed(documentOf("a", "seeded"));
    assert.equal(await repository.apply(removal), false);
    assert.equal(stateOf(await repository.get("a")), "seeded");
  });

  test("the deletion of a bot that never was keeps it from being made late", async ({ repository }) => {
    assert.equal(await repository.apply(deletion("a", { sequence: 2 })), true);
    assert.equal(await repository.apply(change("created", "a", "late", { sequence: 1 })), false);
    assert.equal(await repository.get("a"), undefined);
  });

  test("write() gives the whole document once it is written, and of nothing else", async ({ repository, seed }) => {
    const told: (BotDocument | undefined)[] = [];
    const apply = async (event: BotChange) => {
      const { refusal, current, positionSaved } = await repository.write(event);
      await positionSaved;
      if (current) told.push(current.document);
      return refusal === undefined;
    };
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
    // Another program may have made the missing one meanwhile: it may be announced, and is whole then.
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

  for (const by of ["sequence", "publishedAt"] as const) {
    test(`events in any order leave the newest state, by ${by}`, async ({ repository }) => {
      const order = (n: number) =>
        by === "sequence" ? { sequence: n, publishedAt: 1000 } : { publishedAt: n * 1000 };
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
    await repository.apply(change("updated", "a", "new", { sequence: 2, publishedAt: 1000 }));
    const old = change("updated", "a", "old", { sequence: 1, publishedAt: 9000 });
    assert.equal(await repository.apply(old), false);
    // The clock of the server was set back.
    const newer = change("updated", "a", "newer", { sequence: 3, publishedAt: 500 });
    assert.equal(await repository.apply(newer), true);
    assert.equal(stateOf(await repository.get("a")), "newer");
  });

  test("an event without an order is newer than anything before it", async ({ repository }) => {
    await repository.apply(change("updated", "a", "1", { sequence: 5 }));
    const document = { config: { state: "2" } };
    assert.equal(await repository.apply({ type: "updated", id: "a", document, order: {} }), true);
    assert.equal(stateOf(await repository.get("a")), "2");
    assert.equal(await repository.apply(change("updated", "a", "late", { sequence: 5 })), false);
  });

  test("an earlier version of a bot is applied, and what follows in that version", async ({ repository, seed }) => {
    const version = (state: string, updatedAt: number, sequence: number): BotChange => {
      return { type: "updated", id: "a", document: documentOf("a", state, updatedAt), order: { sequence } };
    };
    await seed(documentOf("a", "seeded", 5000));
    for (
      const [i, [state, updatedAt]] of ([["back", 4000], ["set", 4000], ["again", 5000]] as const).entries()
    ) {
      assert.equal(await repository.apply(version(state, updatedAt, i + 1)), true);
      assert.equal(stateOf(await repository.get("a")), state);
    }
  });

  test("a document from the year 9999 is changed like any other", async ({ repository, seed }) => {
    const end = Date.UTC(9999, 11, 31);
    const far: BotChange = {
      type: "updated",
      id: "a",
      document: documentOf("a", "far", end),
      order: { publishedAt: end },
    };
    await seed(documentOf("a", "seeded", end));
    assert.equal(await repository.apply(far), true);
    // Neither the time in the document nor one that a wrong clock gave shuts out what comes until then.
    assert.equal(await repository.apply(change("updated", "a", "now", { publishedAt: Date.now() })), true);
    assert.equal(await repository.apply(change("updated", "a", "next", { sequence: 1 })), true);
    assert.equal(stateOf(await repository.get("a")), "next");
    assert.equal(await repository.apply(deletion("a", { sequence: 2 })), true);
  });

  test("a document that was there counts more than history, and says why", async ({ repository, seed }) => {
    const refusals: string[] = [];
    const history = async (event: BotChange) => {
      const { refusal, positionSaved } = await repository.write({
        ...event,
        order: { ...event.order, isHistory: true },
      });
      await positionSaved;
      if (refusal) refusals.push(refusal.kind);
      return refusal === undefined;
    };
    await seed(documentOf("there", "seeded"));
    for (const event of ["created", "updated"] as const) {
      assert.equal(await history(change(event, "there", "old", { sequence: 1 })), false);
    }
    assert.equal(await history(deletion("there", { sequence: 2 })), false);
    assert.deepEqual(refusals.splice(0), ["documented", "documented", "documented"]);
    assert.equal(stateOf(await repository.get("there")), "seeded");
    // A missed change is made up for.
    assert.equal(await history(change("created", "missed", "1", { sequence: 3 })), true);
    assert.equal(await history(change("updated", "missed", "2", { sequence: 4 })), true);
    assert.equal(await history(change("updated", "missed", "2", { sequence: 4 })), false);
    assert.equal(stateOf(await repository.get("missed")), "2");
    // From the first live event on, a position of ours tells what the document has seen.
    assert.equal(await repository.apply(change("updated", "there", "new", { sequence: 5 })), true);
    assert.equal(await history(change("updated", "there", "old", { sequence: 4 })), false);
    // Another program made it anew after a deletion.
    await repository.apply(deletion("missed", { sequence: 6 }));
    await seed(documentOf("missed", "seeded"));
    assert.equal(await history(change("updated", "missed", "old", { sequence: 7 })), false);
    assert.equal(stateOf(await repository.get("missed")), "seeded");
    assert.deepEqual(refusals, ["repeated", "repeated", "documented"]);
  });

  test("an event that was published well before a change by hand does not undo it", async ({ repository }) => {
    const now = Date.now();
    await repository.apply(change("updated", "a", "event", { sequence: 1, publishedAt: now - 90_000 }));
    await repository.apply(change("updated", "a", "by hand", { publishedAt: now - 1_000 }));
    const late = change("updated", "a", "late", { sequence: 2, publishedAt: now - 60_000 });
    assert.equal((await repository.write(late)).refusal?.kind, "older");
    // The clocks of two machines may differ.
    const next = change("updated", "a", "next", { sequence: 3, publishedAt: now - 2_000 });
    assert.equal(await repository.apply(next), true);
    // From then on the sequence decides alone.
    assert.equal(
      await repository.apply(change("updated", "a", "last", { sequence: 4, publishedAt: 1 })),
      true,
    );
    assert.equal(stateOf(await repository.get("a")), "last");
  });

  test("fields for a new document are given to a new one alone", async ({ repository, seed }) => {
    const newFields = { segment_id: 7, other: "x" };
    await seed({ ...documentOf("there", "seeded"), segment_id: 3 });
    for (const id of ["there", "made", "created"]) {
      const type = id === "created" ? "created" : "updated";
      await repository.apply({ type, id, document: { config: {}, other: "named" }, order: {} }, {
        newFields,
      });
    }
    assert.equal((await repository.get("there"))?.segment_id, 3);
    for (const id of ["made", "created"]) {
      assert.deepEqual(await repository.get(id), { id, config: {}, other: "named", segment_id: 7 });
    }
  });

  test("a bot that another program has written after its deletion is there", async ({ repository, seed }) => {
    await repository.apply(change("created", "a", "first", { sequence: 1 }));
    await repository.apply(deletion("a"));
    await seed(documentOf("a", "seeded", 1000));
    assert.equal(await repository.apply(change("updated", "a", "updated", { sequence: 2 })), true);
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
