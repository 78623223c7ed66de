import assert from "node:assert/strict";
import { BSON } from "mongodb";
import { readMongoDocument } from "../../../../services/mongo/mongo_documents.ts";
import { readDocument } from "../../../../services/sqlite/sqlite_documents.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { isDeeperThan } from "../../../../services/documents/nesting.ts";

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? { a: value } : [value];
  return value;
}

/** BSON of a document of bot `a` with nested objects, this many levels deep: a serialiser would run out of stack. */
function deepBson(levels: number): Uint8Array {
  const head = BSON.serialize({ id: "a" }).subarray(4, -1);
  // Each level is its length, the field "c" and what is in it, and a NUL.
  const bytes: number[] = [];
  const lengths: number[] = [];
  for (let level = levels; level >= 0; level--) lengths.push(5 + level * 8);
  for (const [i, length] of lengths.entries()) {
    if (i > 0) bytes.push(3, 0x63, 0);
    bytes.push(length & 255, (length >> 8) & 255, (length >> 16) & 255, length >> 24);
  }
  for (let i = 0; i <= levels; i++) bytes.push(0);
  const inner = new Uint8Array(bytes);
  const total = 4 + head.length + 3 + inner.length + 1;
  const document = new Uint8Array(total);
  new DataView(document.buffer).setInt32(0, total, true);
  document.set(head, 4);
  document.set([3, 0x63, 0], 4 + head.length);
  document.set(inner, 7 + head.length);
  return document;
}

Deno.test("isDeeperThan() counts levels, whatever they are made of", () => {
  assert.equal(isDeeperThan(1, 0), false);
  assert.equal(isDeeperThan({}, 0), true);
  assert.equal(isDeeperThan(nested(5), 5), false);
  assert.equal(isDeeperThan(nested(6), 5), true);
  assert.equal(isDeeperThan(nested(100_000), 5), true);
  assert.equal(isDeeperThan([new Uint8Array(1e6), new Date(), new BSON.ObjectId()], 1), false);
});

for (const levels of [150, 4_000, 100_000]) {
  Deno.test(`a document in BSON that is nested ${levels} levels deep concerns its own bot alone`, () => {
    const { key, hasId, document } = readMongoDocument(deepBson(levels));
    assert.deepEqual([key, hasId], ["a", true]);
    const parsed = parseBotDocument(document);
    assert.ok(parsed.status === "invalid" && parsed.key === "a");
    if (levels > 200) assert.equal(parsed.reason, "document: it is nested more than 200 levels deep");
  });
}

Deno.test("a document in SQLite that is nested too deeply concerns its own bot alone", () => {
  const text = `{"config":${"[".repeat(4_000)}${"]".repeat(4_000)}}`;
  const parsed = parseBotDocument(readDocument("a", text));
  assert.ok(parsed.status === "invalid");
  assert.equal(parsed.reason, "document: it is nested more than 200 levels deep");
});
