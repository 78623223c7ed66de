/**
 * The contract of revisions on every store of records, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { RecordStore } from "../../services/records/record_store.ts";
import type { NotedChange } from "../../services/revisions/revision_history.ts";
import { MAX_REVISIONS, RevisionHistory } from "../../services/revisions/revision_history.ts";
import { StartHistory } from "../../services/revisions/start_history.ts";

/** A store to test, empty. */
export interface RevisionHistoryFixture extends AsyncDisposable {
  /** The store. */
  readonly records: RecordStore;
  /** Another on the same database, as of another process. */
  readonly another: () => RecordStore;
}

const clock = { now: () => Date.parse("2026-01-31T12:00:00Z") };

/** A bot's document. @param n Part of its configuration. @param more Other fields. */
function documentOf(n: unknown, more: Record<string, unknown> = {}) {
  return {
    id: "mine",
    config: { n, berth: { secrets: { KEY: "file:binance/key", BAD: "sk-1234" } } },
    custom: {
      version: "1.0.0",
      filePath: `local/mine/1.0.0+${"a".repeat(16)}`,
      berth: {
        archiveSha256: "f".repeat(64),
        dependencies: { libraries: { key: "dependencies/py/1.zip" } },
        image: { name: "bot:1", reference: "bot@sha256:1" },
      },
      config: { runtime: "python3.11" },
    },
    ...more,
  };
}

function changeOf(
  document: Record<string, unknown> | undefined,
  more: Partial<NotedChange> = {},
): NotedChange {
  return { kind: "bot", trigger: document ? "deploy" : "remove", actor: "token ci", document, ...more };
}

/**
 * Declares the tests.
 *
 * @param name Name of the store, for the names of the tests.
 * @param make Makes one.
 */
export function testRevisionHistoryContract(name: string, make: () => Promise<RevisionHistoryFixture>): void {
  const test = (
    what: string,
    work: (history: RevisionHistory, fixture: RevisionHistoryFixture) => Promise<void>,
  ) =>
    Deno.test(`RevisionHistory on ${name} ${what}`, async () => {
      await using fixture = await make();
      await fixture.records.open();
      await work(new RevisionHistory(fixture.records, clock, "1.2.3"), fixture);
    });

  test("numbers each new content of an id, and notes who, why and what", async (history, { another }) => {
    const first = await history.note("mine", changeOf(documentOf(1n << 60n)));
    assert.equal(first?.number, 1);
    const again = await history.note("mine", changeOf(documentOf(1n << 60n, { enabled: false, other: 1 })));
    assert.equal(again?.number, 1, "enabling and fields of others make no revision");
    await history.note("mine", changeOf(documentOf(2), { trigger: "document", actor: undefined }));
    await history.note("min", changeOf(documentOf(1)));
    const [latest, before, ...others] = await new RevisionHistory(another(), clock, "").list("mine");
    assert.deepEqual([latest!.number, before!.number, others.length], [2, 1, 0]);
    const { document, configHash, settingsHash, contentHash: _hash, ...shown } = before!;
    assert.deepEqual(shown, {
      number: 1,
      kind: "bot",
      at: new Date("2026-01-31T12:00:00Z"),
      trigger: "deploy",
      actor: "token ci",
      berth: "1.2.3",
      version: "1.0.0",
      filePath: `local/mine/1.0.0+${"a".repeat(16)}`,
      runtime: "python3.11",
      archiveSha256: "f".repeat(64),
      dependencies: ["dependencies/py/1.zip"],
      image: "bot@sha256:1",
      // Only references: what is none may be a secret.
      secrets: { KEY: "file:binance/key" },
    });
    assert.match(document!, /"n":1152921504606846976\b/, "every digit is kept");
    assert.match(`${configHash} ${settingsHash}`, /^[0-9a-f]{32} [0-9a-f]{32}$/);
    assert.notEqual(latest!.configHash, configHash);
    assert.equal(latest!.settingsHash, settingsHash);
    assert.equal(latest!.actor, undefined);
    assert.equal((await history.get("mine", 1))!.document, document);
    assert.equal(await history.get("mine", 3), undefined);
    assert.deepEqual((await history.list("mine", { before: 2 })).map(({ number }) => number), [1]);
  });

  test("gives each number once, to whoever is first", async (history, { another }) => {
    const histories = [
      history,
      ...Array.from({ length: 5 }, () => new RevisionHistory(another(), clock, "")),
    ];
    await Promise.all(histories.map((each, n) => each.note("mine", changeOf(documentOf(n)))));
    assert.deepEqual((await history.list("mine")).map(({ number }) => number), [6, 5, 4, 3, 2, 1]);
    // All see the same document.
    await Promise.all(histories.map((each) => each.note("mine", changeOf(documentOf("same")))));
    assert.equal((await history.latest("mine"))!.number, 7);
  });

  test(
    "gives the latest revision, also of another process, and after that has forgotten all",
    async (history, { another }) => {
      const other = new RevisionHistory(another(), clock, "");
      const latest = async () => (await history.latest("mine"))?.number;
      const noteOthers = async (from: number, to: number) => {
        for (let n = from; n <= to; n++) await other.note("mine", changeOf(documentOf(`other ${n}`)));
      };
      assert.equal(await latest(), undefined);
      await noteOthers(1, 1);
      assert.equal(await latest(), 1);
      await history.note("mine", changeOf(documentOf("own")));
      await noteOthers(3, 3);
      assert.equal(await latest(), 3);
      await noteOthers(4, 6);
      assert.equal((await history.note("mine", changeOf(documentOf("own"))))?.number, 7);
      // The revision that this process has seen last is gone as well.
      await noteOthers(8, 8 + MAX_REVISIONS);
      await other.trim("mine", 1);
      assert.equal(await latest(), 8 + MAX_REVISIONS);
      await other.forget("mine");
      assert.equal(await latest(), undefined);
      await noteOthers(1, 2);
      assert.equal(await latest(), 2);
    },
  );

  test("gives the latest revisions of many ids at once", async (history, { another }) => {
    assert.equal(await history.latest("mine"), undefined);
    const other = new RevisionHistory(another(), clock, "");
    const ids = Array.from({ length: 10 }, (_, n) => `bot-${n}`);
    for (const [at, id] of ids.entries()) {
      for (let n = 0; n < at; n++) await other.note(id, changeOf(documentOf(n)));
    }
    const latest = await Promise.all(ids.map((id) => history.latest(id)));
    assert.deepEqual(latest.map((one) => one?.number), [undefined, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("notes a removal once, of what was there", async (history) => {
    assert.equal(await history.note("mine", changeOf(undefined)), undefined);
    await history.note("mine", changeOf(documentOf(1)));
    await history.note("mine", changeOf(undefined, { kind: "schedule" }));
    assert.equal((await history.latest("mine"))!.trigger, "deploy");
    await history.note("mine", changeOf(undefined));
    await history.note("mine", changeOf(undefined));
    await history.note("mine", changeOf(documentOf(1)));
    assert.deepEqual((await history.list("mine")).map(({ trigger }) => trigger), [
      "deploy",
      "remove",
      "deploy",
    ]);
  });

  test("keeps the documents of the last revisions, and the facts of more", async (history) => {
    const count = MAX_REVISIONS + 4;
    for (let n = 1; n <= count; n++) await history.note("mine", changeOf(documentOf(n)));
    await history.note("other", changeOf(documentOf(1)));
    const kept = await history.trim("mine", 3);
    assert.deepEqual(kept.map(({ number }) => number), [count, count - 1, count - 2]);
    const all = await history.list("mine", { limit: 1000 });
    assert.equal(all.length, MAX_REVISIONS);
    assert.deepEqual(
      all.filter(({ document }) => document !== undefined).map(({ number }) => number),
      [count, count - 1, count - 2],
    );
    assert.ok(all.every(({ configHash }) => configHash !== undefined));
    assert.equal((await history.note("mine", changeOf(documentOf("next"))))!.number, count + 1);
    assert.equal((await Array.fromAsync(history.all())).length, MAX_REVISIONS + 2);
    assert.equal(await history.forget("mine"), MAX_REVISIONS + 1);
    assert.deepEqual(await history.list("mine"), []);
    assert.equal((await history.list("other")).length, 1);
  });

  test("knows who runs an archive of another id", async (history) => {
    const custom = { filePath: `local/owner/1+${"b".repeat(16)}`, config: {} };
    await history.note("mine", changeOf(documentOf(1)));
    assert.deepEqual(await history.usersOf("mine"), []);
    await history.note("a.b", changeOf(documentOf(1, { custom })));
    await history.note("c", changeOf(documentOf(1, { custom })));
    assert.deepEqual(await history.usersOf("owner"), ["a.b", "c"]);
    await history.forget("a.b");
    assert.deepEqual(await history.usersOf("owner"), ["c"]);
  });

  test(
    "says of each start which revision it runs, and who caused it",
    async (history, { records, another }) => {
      const starts = new StartHistory({ records, revisions: history, clock, berth: "1.2.3" });
      let number = 0;
      const start = async (attempt = 1) => {
        await starts.keep({
          id: "mine",
          containerId: `c${++number}`,
          attempt,
          at: new Date(clock.now() + number),
        });
        const { containerId, trigger, actor, revision, configHash } = (await starts.read("mine"))[0]!;
        assert.equal(containerId, `c${number}`);
        return [trigger, actor, revision, configHash !== undefined];
      };
      assert.deepEqual(await start(), ["service", undefined, undefined, false]);
      await history.note("mine", changeOf(documentOf(1)));
      assert.deepEqual(await start(), ["deploy", "token ci", 1, true]);
      assert.deepEqual(await start(2), ["retry", undefined, 1, true]);
      assert.deepEqual(await start(), ["service", undefined, 1, true]);
      starts.ask("mine", "restart", "local");
      assert.deepEqual(await start(), ["restart", "local", 1, true]);
      await history.note("mine", changeOf(documentOf(2), { trigger: "document", actor: undefined }));
      assert.deepEqual(await start(), ["document", undefined, 2, true]);
      for (let more = 0; more < 9; more++) await start();
      const other = new StartHistory({ records: another(), revisions: history, clock, berth: "" });
      assert.equal((await other.read("mine")).length, 10);
      await other.forget("mine");
      assert.deepEqual(await starts.read("mine"), []);
    },
  );
}
