import assert from "node:assert/strict";
import { FreshDocuments } from "../../services/bots/fresh_documents.ts";

const document = { id: "a", config: {} };

Deno.test("FreshDocuments gives what a full read has brought, once, also that there is none", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.keep("a", document);
  fresh.keep("b", undefined);
  assert.deepEqual(fresh.take("a"), { document });
  assert.deepEqual(fresh.take("b"), { document: undefined });
  assert.equal(fresh.take("a"), undefined);
  assert.equal(fresh.take("c"), undefined);
});

Deno.test("FreshDocuments keeps no document that has changed since the read began", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.forget("a");
  fresh.keep("a", document);
  assert.equal(fresh.take("a"), undefined);
  fresh.keep("b", document);
  fresh.forget("b");
  assert.equal(fresh.take("b"), undefined);
});

Deno.test("FreshDocuments gives nothing of a read before", () => {
  const fresh = new FreshDocuments();
  fresh.begin();
  fresh.keep("a", document);
  fresh.forget("b");
  fresh.begin();
  assert.equal(fresh.take("a"), undefined);
  fresh.keep("b", document);
  assert.deepEqual(fresh.take("b"), { document });
});
