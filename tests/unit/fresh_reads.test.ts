import assert from "node:assert/strict";
import type { ManagedContainer } from "../../lib/runner.ts";
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

Deno.test("FreshReads keeps no container that a pass may have replaced since the read began", () => {
  const fresh = new FreshReads();
  const container = { containerId: "c" } as ManagedContainer;
  fresh.begin();
  fresh.keep("a", { document, container });
  assert.deepEqual(fresh.take("a"), { document, container });
  fresh.forgetContainer("a");
  fresh.keep("a", { document, container });
  assert.deepEqual(fresh.take("a"), { document });
  fresh.keep("b", { document, container });
  fresh.forgetContainer("b");
  assert.deepEqual(fresh.take("b"), { document });
  fresh.begin();
  fresh.keep("a", { document, container });
  assert.deepEqual(fresh.take("a"), { document, container });
});
