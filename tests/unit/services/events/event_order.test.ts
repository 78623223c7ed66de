import assert from "node:assert/strict";
import type { BotChange, EventOrder } from "../../../../services/documents/bot_repository.ts";
import {
  advance,
  type BotPosition,
  NO_POSITION,
  refuseStale,
} from "../../../../services/events/event_order.ts";

const NOW = 1_000_000;

function kindOf(order: EventOrder, position: Partial<BotPosition>, hasDocument = true): string | undefined {
  return refuseStale(order, { position: { deleted: false, ...position }, hasDocument, now: NOW })?.kind;
}

Deno.test("refuseStale() refuses the same and every earlier sequence, whatever the times say", () => {
  const position = { sequence: 5 };
  for (const publishedAt of [0, NOW]) {
    const kinds = [4, 5, 6].map((sequence) => kindOf({ sequence, publishedAt }, position));
    assert.deepEqual(kinds, ["repeated", "repeated", undefined]);
  }
});

Deno.test("refuseStale() goes by the time of publication where there is no sequence", () => {
  const position = { publishedAt: 1000 };
  assert.equal(kindOf({ publishedAt: 999 }, position), "older");
  assert.equal(kindOf({ publishedAt: 1000 }, position), undefined);
  assert.equal(kindOf({ publishedAt: 1000 }, { ...position, deleted: true }), "repeated");
  assert.equal(kindOf({ publishedAt: 1001 }, { ...position, deleted: true }), undefined);
});

Deno.test("refuseStale() allows for clocks that differ between a stream and who writes beside it", () => {
  const position = { sequence: 5, publishedAt: 100_000 };
  assert.equal(kindOf({ sequence: 6, publishedAt: 94_999 }, position), "older");
  assert.equal(kindOf({ sequence: 6, publishedAt: 95_000 }, position), undefined);
});

Deno.test("refuseStale() does not believe a time in the future", () => {
  assert.equal(kindOf({ publishedAt: NOW }, { publishedAt: NOW + 1 }), undefined);
  assert.equal(kindOf({ publishedAt: NOW }, { publishedAt: NOW + 1, deleted: true }), undefined);
});

Deno.test("refuseStale() takes an event without an order for newer than anything before it", () => {
  assert.equal(kindOf({}, { sequence: 5, publishedAt: 1000, deleted: true }), undefined);
  assert.equal(kindOf({ sequence: 1 }, NO_POSITION), undefined);
});

Deno.test("refuseStale() lets a document without a position of ours win over history", () => {
  const history = { sequence: 9, publishedAt: 1000, isHistory: true };
  assert.equal(kindOf(history, NO_POSITION), "documented");
  assert.equal(kindOf(history, { sequence: 8, deleted: true }), "documented");
  assert.equal(kindOf(history, { sequence: 8 }), undefined);
  assert.equal(kindOf(history, NO_POSITION, false), undefined);
  assert.equal(kindOf({ ...history, isHistory: false }, NO_POSITION), undefined);
});

Deno.test("advance() keeps the sequence, and the time until an event with a sequence follows", () => {
  const deletion: BotChange = { type: "deleted", id: "a", order: { sequence: 6, publishedAt: 5 } };
  const update: BotChange = { type: "updated", id: "a", document: {}, order: { publishedAt: 2000 } };
  assert.deepEqual(advance({ sequence: 5, publishedAt: 9, deleted: false }, deletion), {
    sequence: 6,
    deleted: true,
  });
  assert.deepEqual(advance({ sequence: 6, deleted: true }, update), {
    sequence: 6,
    publishedAt: 2000,
    deleted: false,
  });
  assert.deepEqual(advance(NO_POSITION, { ...deletion, order: {} }), { deleted: true });
});
