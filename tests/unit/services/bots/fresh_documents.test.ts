import assert from "node:assert/strict";
import { FreshDocuments } from "../../../../services/bots/fresh_documents.ts";

const document = { id: "a", config: {} };
const newer = { id: "a", config: { newer: true } };

Deno.test("FreshDocuments gives what a full read has brought, once, also that there is none", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.read("a", document);
  fresh.read("b", undefined);
  assert.deepEqual(fresh.take("a"), { document });
  assert.deepEqual(fresh.take("b"), { document: undefined });
  assert.equal(fresh.take("a"), undefined);
  assert.equal(fresh.take("c"), undefined);
});

Deno.test("FreshDocuments keeps nothing that has changed since the read began", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.forget("a");
  fresh.read("a", document);
  assert.equal(fresh.take("a"), undefined);
  fresh.read("b", document);
  fresh.forget("b");
  assert.equal(fresh.take("b"), undefined);
});

Deno.test("FreshDocuments gives what was written last, and not what a read brings that began before", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.write("a", document);
  fresh.write("a", newer);
  fresh.read("a", document);
  assert.deepEqual(fresh.take("a"), { document: newer });
  fresh.read("a", document);
  assert.equal(fresh.take("a"), undefined);
  fresh.write("b", undefined);
  fresh.read("b", document);
  assert.deepEqual(fresh.take("b"), { document: undefined });
  fresh.write("c", document);
  fresh.forget("c");
  assert.equal(fresh.take("c"), undefined);
});

Deno.test("FreshDocuments gives nothing of a read before", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.read("a", document);
  fresh.write("b", document);
  fresh.begin();
  assert.equal(fresh.take("a"), undefined);
  assert.equal(fresh.take("b"), undefined);
  fresh.read("b", newer);
  assert.deepEqual(fresh.take("b"), { document: newer });
});
