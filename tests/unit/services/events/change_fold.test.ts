import assert from "node:assert/strict";
import type { BotChange, BotDocument } from "../../../../services/documents/bot_repository.ts";
import { ChangeFold } from "../../../../services/events/change_fold.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

/** Applies a change to a document. */
function apply(before: BotDocument | undefined, change: BotChange): BotDocument | undefined {
  if (change.type === "deleted") return undefined;
  if (change.type === "created" && before) return before;
  return { ...before, ...change.document };
}

function update(sequence: number, document: BotDocument, type: "created" | "updated" = "updated"): BotChange {
  return { type, id: "a", document: { id: "a", ...document }, order: { sequence } };
}

function deletion(sequence: number): BotChange {
  return { type: "deleted", id: "a", order: { sequence } };
}

function folded(changes: readonly BotChange[]): readonly BotChange[] {
  const fold = new ChangeFold();
  for (const change of changes) fold.add(change);
  return [...fold.entries()].flatMap(([, kept]) => kept);
}

Deno.test("ChangeFold keeps one change of many whole updates", () => {
  const changes = Array.from({ length: 1000 }, (_, i) => update(i, { config: { i }, custom: {} }));
  assert.deepEqual(folded([update(0, { config: {} }, "created"), ...changes]), [changes.at(-1)]);
});

Deno.test("ChangeFold keeps of what was deleted nothing but the deletion", () => {
  const end = deletion(3);
  assert.deepEqual(folded([update(1, { config: {} }, "created"), update(2, { config: {} }), end]), [end]);
});

Deno.test("ChangeFold keeps an earlier change whose fields a later one does not name", () => {
  const changes = [update(1, { config: {}, custom: {} }), update(2, { enabled: false })];
  assert.deepEqual(folded(changes), changes);
});

Deno.test("ChangeFold leaves each document as all of its changes would, whatever there was before", () => {
  const random = seededRandom(4);
  for (let round = 0; round < 2000; round++) {
    const changes = Array.from({ length: 1 + random.below(8) }, (_, i): BotChange => {
      if (random.next() < 0.15) return deletion(i);
      const names = ["a", "b", "c"].filter(() => random.next() < 0.7);
      const document = Object.fromEntries(names.map((name) => [name, i]));
      return update(i, document, random.next() < 0.2 ? "created" : "updated");
    });
    const kept = folded(changes);
    for (const before of [undefined, { id: "a", b: "old", d: "old" }]) {
      assert.deepEqual(kept.reduce(apply, before), changes.reduce(apply, before), JSON.stringify(changes));
    }
    assert.equal(kept.at(-1)?.order.sequence, changes.length - 1, "the position comes to the last event");
  }
});
