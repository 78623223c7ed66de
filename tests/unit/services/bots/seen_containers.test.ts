import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import { SeenContainers } from "../../../../services/bots/seen_containers.ts";

const container = (containerId: string, phase: ManagedContainer["phase"] = "running") =>
  ({ containerId, phase }) as ManagedContainer;

Deno.test("SeenContainers gives what was seen, once: none, or one that runs", () => {
  const seen = new SeenContainers();
  const one = container("a");
  seen.beginList();
  seen.list("a", [one]);
  seen.list("b", []);
  assert.deepEqual(seen.take("a"), [one]);
  assert.equal(seen.take("a"), undefined);
  assert.deepEqual(seen.take("b"), []);
  assert.equal(seen.take("c"), undefined);
});

Deno.test("SeenContainers does not know of what the engine has more to say than a list shows", () => {
  const seen = new SeenContainers();
  for (const phase of ["exited", "pending", "starting", "lost"] as const) {
    seen.see("a", [container("a")]);
    seen.see("a", [container("a", phase)]);
    assert.equal(seen.take("a"), undefined, phase);
  }
  seen.see("a", [container("a"), container("b")]);
  assert.equal(seen.take("a"), undefined);
});

Deno.test("SeenContainers believes no list that is older than what was done since it began", () => {
  const seen = new SeenContainers();
  const old = container("old");
  const made = container("made");
  seen.beginList();
  seen.see("a", [made]);
  seen.list("a", [old]);
  assert.deepEqual(seen.take("a"), [made]);
  // Somebody is at it.
  seen.list("a", [old]);
  assert.equal(seen.take("a"), undefined);
  seen.forget("b");
  seen.list("b", []);
  assert.equal(seen.take("b"), undefined);
  seen.beginList();
  seen.list("a", [made]);
  assert.deepEqual(seen.take("a"), [made]);
});
