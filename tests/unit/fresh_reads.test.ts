import assert from "node:assert/strict";
import { FreshReads } from "../../services/bots/fresh_reads.ts";

const document = { id: "a", config: {} };

Deno.test("FreshReads gives what a full read has brought, once, also that there is none", () => {
  const fresh = new FreshReads();
  fresh.begin();
  fresh.keep("a", { document });
  fresh.keep("b", {});
  assert.deepEqual(fresh.take("a"), { document });
  assert.deepEqual(fresh.take("b"), {});
  assert.equal(fresh.take("a"), undefined);
  assert.equal(fresh.take("c"), undefined);
});

Deno.test("FreshReads keeps nothing that has changed since the read began", () => {
  const fresh = new FreshReads();
  fresh.begin();
  fresh.forget("a");
  fresh.keep("a", { document });
  assert.equal(fresh.take("a"), undefined);
  fresh.keep("b", { document });
  fresh.forget("b");
  assert.equal(fresh.take("b"), undefined);
});

Deno.test("FreshReads gives nothing of a read before", () => {
  const fresh = new FreshReads();
  fresh.begin();
  fresh.keep("a", { document });
  fresh.forget("b");
  fresh.begin();
  assert.equal(fresh.take("a"), undefined);
  fresh.keep("b", { document });
  assert.deepEqual(fresh.take("b"), { document });
});
