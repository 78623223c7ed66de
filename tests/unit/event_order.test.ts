import assert from "node:assert/strict";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import {
  advance,
  type BotPosition,
  compareEventOrder,
  isNewer,
  NO_POSITION,
} from "../../services/events/event_order.ts";

const seen = (position: Partial<BotPosition>): BotPosition => ({ deleted: false, ...position });

Deno.test("compareEventOrder() goes by the sequence, whatever the times say", () => {
  const older = { sequence: 9, updatedAt: 2000 };
  const newer = { sequence: 10, updatedAt: 1000 };
  assert.ok(compareEventOrder(older, newer)! < 0);
  assert.ok(compareEventOrder(newer, older)! > 0);
  assert.equal(compareEventOrder(newer, { sequence: 10, updatedAt: 5 }), 0);
});

Deno.test("compareEventOrder() goes by the time when one has no sequence", () => {
  assert.ok(compareEventOrder({ sequence: 9, updatedAt: 2000 }, { updatedAt: 1000 })! > 0);
  assert.ok(compareEventOrder({ updatedAt: 1000 }, { sequence: 9, updatedAt: 2000 })! < 0);
  assert.equal(compareEventOrder({ updatedAt: 0 }, { updatedAt: 0 }), 0);
});

Deno.test("compareEventOrder() has no answer when there is nothing to compare", () => {
  for (const [a, b] of [[{}, {}], [{ sequence: 1 }, { updatedAt: 1 }], [{}, { sequence: 1, updatedAt: 1 }]]) {
    assert.equal(compareEventOrder(a!, b!), undefined);
  }
  assert.equal(compareEventOrder({ updatedAt: NaN }, { updatedAt: 1 }), undefined);
});

Deno.test("isNewer() refuses the same and every earlier sequence", () => {
  const position = seen({ sequence: 5 });
  assert.deepEqual([4, 5, 6].map((sequence) => isNewer({ sequence }, position)), [false, false, true]);
});

Deno.test("isNewer() lets the last of the same time win, but not over a deletion", () => {
  assert.equal(isNewer({ updatedAt: 999 }, seen({ updatedAt: 1000 })), false);
  assert.equal(isNewer({ updatedAt: 1000 }, seen({ updatedAt: 1000 })), true);
  assert.equal(isNewer({ updatedAt: 1000 }, seen({ updatedAt: 1000, deleted: true })), false);
  assert.equal(isNewer({ updatedAt: 1001 }, seen({ updatedAt: 1000, deleted: true })), true);
});

Deno.test("isNewer() takes an event without an order for newer than anything before it", () => {
  assert.equal(isNewer({}, seen({ sequence: 5, updatedAt: 1000, deleted: true })), true);
  assert.equal(isNewer({ sequence: 1 }, NO_POSITION), true);
});

Deno.test("advance() keeps what the change does not say", () => {
  const deletion: BotChange = { type: "deleted", id: "a", order: { sequence: 6 } };
  assert.deepEqual(advance(seen({ sequence: 5, updatedAt: 1000 }), deletion), {
    sequence: 6,
    updatedAt: 1000,
    deleted: true,
  });
  const update: BotChange = { type: "updated", id: "a", document: {}, order: { updatedAt: 2000 } };
  assert.deepEqual(advance(seen({ sequence: 6, updatedAt: 1000, deleted: true }), update), {
    sequence: 6,
    updatedAt: 2000,
    deleted: false,
  });
  assert.deepEqual(advance(NO_POSITION, { ...deletion, order: {} }), { deleted: true });
});
