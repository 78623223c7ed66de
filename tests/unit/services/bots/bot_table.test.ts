import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import { BotTable } from "../../../../services/bots/bot_table.ts";

const document = { id: "a", config: {} };
const newer = { id: "a", config: { newer: true } };

Deno.test("BotTable gives the document that a full read brought, once, also that there is none", () => {
  const bots = new BotTable();
  bots.beginRead();
  bots.documentRead("a", document);
  bots.documentRead("b", undefined);
  assert.deepEqual(bots.takeDocument("a"), { document });
  assert.deepEqual(bots.takeDocument("b"), { document: undefined });
  assert.equal(bots.takeDocument("a"), undefined);
  assert.equal(bots.takeDocument("c"), undefined);
});

Deno.test("BotTable keeps no document that has changed since the read began", () => {
  const bots = new BotTable();
  bots.beginRead();
  bots.documentChanged("a");
  bots.documentRead("a", document);
  assert.equal(bots.takeDocument("a"), undefined);
  bots.documentRead("b", document);
  bots.documentChanged("b");
  assert.equal(bots.takeDocument("b"), undefined);
});

Deno.test("BotTable gives the document that was written last, and not what a read brings that began before", () => {
  const bots = new BotTable();
  bots.beginRead();
  bots.documentWritten("a", document);
  bots.documentWritten("a", newer);
  bots.documentRead("a", document);
  assert.deepEqual(bots.takeDocument("a"), { document: newer });
  bots.documentRead("a", document);
  assert.equal(bots.takeDocument("a"), undefined);
  bots.documentWritten("b", undefined);
  bots.documentRead("b", document);
  assert.deepEqual(bots.takeDocument("b"), { document: undefined });
  bots.documentWritten("c", document);
  bots.documentChanged("c");
  assert.equal(bots.takeDocument("c"), undefined);
});

Deno.test("BotTable gives no document of an earlier read", () => {
  const bots = new BotTable();
  bots.beginRead();
  bots.documentRead("a", document);
  bots.documentWritten("b", document);
  bots.beginRead();
  assert.equal(bots.takeDocument("a"), undefined);
  assert.equal(bots.takeDocument("b"), undefined);
  bots.documentRead("b", newer);
  assert.deepEqual(bots.takeDocument("b"), { document: newer });
});

const container = (containerId: string, phase: ManagedContainer["phase"] = "running") =>
  ({ containerId, phase }) as ManagedContainer;

Deno.test("BotTable gives the containers that were seen, once: none, or one that runs", () => {
  const bots = new BotTable();
  const one = container("a");
  bots.beginRead();
  bots.containersListed("a", [one]);
  bots.containersListed("b", []);
  assert.deepEqual(bots.takeContainers("a"), [one]);
  assert.equal(bots.takeContainers("a"), undefined);
  assert.deepEqual(bots.takeContainers("b"), []);
  assert.equal(bots.takeContainers("c"), undefined);
});

Deno.test("BotTable keeps no containers of which the engine knows more than a list shows", () => {
  const bots = new BotTable();
  for (const phase of ["exited", "pending", "starting", "lost"] as const) {
    bots.containersSeen("a", [container("a")]);
    bots.containersSeen("a", [container("a", phase)]);
    assert.equal(bots.takeContainers("a"), undefined, phase);
  }
  bots.containersSeen("a", [container("a"), container("b")]);
  assert.equal(bots.takeContainers("a"), undefined);
});

Deno.test("BotTable ignores a list for bots whose containers changed since it began", () => {
  const bots = new BotTable();
  const old = container("old");
  const made = container("made");
  bots.beginRead();
  bots.containersSeen("a", [made]);
  bots.containersListed("a", [old]);
  assert.deepEqual(bots.takeContainers("a"), [made]);
  // Somebody is at it.
  bots.containersListed("a", [old]);
  assert.equal(bots.takeContainers("a"), undefined);
  bots.delete("b");
  bots.containersListed("b", []);
  assert.equal(bots.takeContainers("b"), undefined);
  bots.beginRead();
  bots.containersListed("a", [made]);
  assert.deepEqual(bots.takeContainers("a"), [made]);
});

Deno.test("BotTable.delete() forgets all that is known of a bot, and a read that began before does not revive it", () => {
  const bots = new BotTable();
  bots.beginRead();
  bots.update("a", { unsavedReason: "disk full", deletion: "reported", lastDocument: document });
  bots.documentWritten("a", undefined);
  bots.containersSeen("a", [container("one")]);
  bots.delete("a");
  assert.equal(bots.get("a"), undefined);
  assert.deepEqual([...bots.entries()], []);
  bots.documentRead("a", document);
  bots.containersListed("a", [container("one")]);
  assert.equal(bots.takeDocument("a"), undefined);
  assert.equal(bots.takeContainers("a"), undefined);
  assert.equal(bots.get("a"), undefined);
  assert.equal(bots.hasChanged("a"), true);
  assert.equal(bots.hasChanged("b"), false);
});

Deno.test("BotTable.clear() makes no entry, and beginRead() forgets which containers this process ended", () => {
  const bots = new BotTable();
  bots.clear("a", "failedStart");
  assert.equal(bots.get("a"), undefined);
  bots.containerEnded("one");
  assert.equal(bots.hasEnded("one"), true);
  bots.beginRead();
  assert.equal(bots.hasEnded("one"), false);
});
