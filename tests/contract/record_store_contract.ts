/**
 * The contract of every store of records, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ListRecordsOptions, RecordStore } from "../../services/records/record_store.ts";

/** A store to test, empty. */
export interface RecordStoreFixture extends AsyncDisposable {
  /** The store. */
  readonly records: RecordStore;
  /** Another on the same database, as of another process. */
  readonly another: () => RecordStore;
}

/** Ids in code unit order: upper case before lower case, and a prefix of another one first. */
const ORDERED = ["A", "Z", "_x", "a", "a-1", "a.b", "a/1", "a/1/x", "a/2", "ab", "b", "~"];

/**
 * Declares the tests.
 *
 * @param name Name of the implementation, for the names of the tests.
 * @param make Makes one.
 */
export function testRecordStoreContract(name: string, make: () => Promise<RecordStoreFixture>): void {
  const test = (what: string, work: (fixture: RecordStoreFixture) => Promise<void>) =>
    Deno.test(`${name}${what}`, async () => {
      await using fixture = await make();
      await fixture.records.open();
      await work(fixture);
    });

  test(".insert() keeps any JSON as it is, and gives it a revision", async ({ records, another }) => {
    const value = {
      text: "ünï\u0000code 💡",
      nested: { list: [1, null, true, { $set: "operator", "a.b": 1, "": 2 }] },
      number: 0.1,
      _id: "mine",
    };
    assert.equal(await records.insert("one", "id", value), true);
    assert.deepEqual(await another().get("one", "id"), { id: "id", revision: 1, value });
    assert.equal(await records.get("one", "none"), undefined);
    assert.equal(await records.get("two", "id"), undefined);
  });

  test(".insert() succeeds for exactly one of several callers", async ({ records, another }) => {
    const stores = [records, ...Array.from({ length: 7 }, () => another())];
    const won = await Promise.all(stores.map((store, n) => store.insert("one", "id", { n })));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal((await records.get("one", "id"))!.value.n, won.indexOf(true));
    assert.equal(await records.insert("one", "id", {}), false);
    assert.equal(await records.insert("two", "id", {}), true);
  });

  test(".replace() needs the current revision", async ({ records, another }) => {
    await records.insert("one", "id", { n: 1 });
    assert.equal(await records.replace("one", "id", 1, { n: 2 }), true);
    assert.equal(await another().replace("one", "id", 1, { n: 3 }), false);
    assert.deepEqual(await records.get("one", "id"), { id: "id", revision: 2, value: { n: 2 } });
    assert.equal(await records.replace("one", "id", 2, {}), true);
    assert.equal(await records.replace("one", "none", 1, {}), false);
    assert.equal(await records.replace("two", "id", 3, {}), false);
    assert.equal((await records.get("one", "id"))!.revision, 3);
  });

  test(".delete() says whether there was a record", async ({ records }) => {
    await records.insert("one", "id", {});
    await records.insert("two", "id", {});
    assert.equal(await records.delete("one", "id"), true);
    assert.equal(await records.delete("one", "id"), false);
    assert.notEqual(await records.get("two", "id"), undefined);
  });

  test(".list() pages in the order of ids, both ways, and never leaves its collection", async ({ records }) => {
    for (const id of ORDERED.toSorted(() => Math.random() - 0.5)) await records.insert("one", id, { id });
    // Neighbours of the collection's name.
    for (const other of ["on", "one.", "one0", "one-x", "onf"]) await records.insert(other, "a/1", {});
    const ids = async (options?: ListRecordsOptions) =>
      (await records.list("one", options)).map(({ id }) => id);
    assert.deepEqual(await ids(), ORDERED);
    assert.deepEqual(await ids({ descending: true }), ORDERED.toReversed());
    for (const descending of [false, true]) {
      const order = descending ? ORDERED.toReversed() : ORDERED;
      const paged: string[] = [];
      while (true) {
        const after = paged.at(-1);
        const page = await ids({ descending, limit: 5, ...(after !== undefined && { after }) });
        paged.push(...page);
        if (page.length < 5) break;
      }
      assert.deepEqual(paged, order);
      const inFolder = descending ? ["a/2", "a/1/x", "a/1"] : ["a/1", "a/1/x", "a/2"];
      assert.deepEqual(await ids({ prefix: "a/", descending }), inFolder);
      assert.deepEqual(await ids({ prefix: "a/", descending, after: inFolder[0]! }), inFolder.slice(1));
      assert.deepEqual(await ids({ prefix: "a/", descending, limit: 1 }), inFolder.slice(0, 1));
    }
    // A position outside the prefix, as of a cursor that somebody made up.
    assert.deepEqual(await ids({ prefix: "a/", after: "A" }), ["a/1", "a/1/x", "a/2"]);
    assert.deepEqual(await ids({ prefix: "a/", after: "b" }), []);
    assert.deepEqual(await ids({ prefix: "a/", after: "b", descending: true }), ["a/2", "a/1/x", "a/1"]);
    assert.deepEqual(await ids({ prefix: "a/", after: "b", descending: true, limit: 1 }), ["a/2"]);
    assert.deepEqual(await ids({ prefix: "a/", after: "A", descending: true }), []);
    assert.deepEqual(await ids({ prefix: "c" }), []);
    assert.deepEqual(await ids({ after: "~" }), []);
  });

  test(".ids() lists all ids of its collection alone", async ({ records }) => {
    for (const id of ORDERED) await records.insert("one", id, { id });
    for (const other of ["on", "one.", "one0", "one-x", "onf"]) await records.insert(other, "a/1", {});
    assert.deepEqual((await records.ids("one")).sort(), ORDERED.toSorted());
    assert.deepEqual(await records.ids("o"), []);
  });

  test(".deleteBefore() removes smaller ids of its collection alone", async ({ records }) => {
    for (const id of ORDERED) await records.insert("one", id, {});
    await records.insert("on", "A", {});
    await records.insert("one.", "A", {});
    assert.equal(await records.deleteBefore("one", "a/1"), 6);
    assert.deepEqual((await records.list("one")).map(({ id }) => id), ORDERED.slice(6));
    assert.equal(await records.deleteBefore("one", "a/1"), 0);
    assert.equal((await records.list("on")).length + (await records.list("one.")).length, 2);
  });

  test(" rejects after its end, and a call that is aborted before it begins", async ({ another }) => {
    const records = another();
    const reason = new Error("stopped");
    await assert.rejects(records.get("one", "id", { signal: AbortSignal.abort(reason) }), reason);
    await records[Symbol.asyncDispose]();
    await assert.rejects(records.get("one", "id"), { code: "store/unavailable" });
  });
}
