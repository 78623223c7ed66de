import assert from "node:assert/strict";
import type { BotChange } from "../../../../services/documents/bot_repository.ts";
import { parseBotEvent } from "../../../../services/events/bot_event.ts";

const encoder = new TextEncoder();

function parse(payload: unknown, { type = "updated", sequence }: { type?: string; sequence?: number } = {}) {
  const bytes = payload instanceof Uint8Array
    ? payload
    : encoder.encode(typeof payload === "string" ? payload : JSON.stringify(payload));
  const subject = `the0.bot.${type}`;
  const order = sequence === undefined ? {} : { sequence };
  return parseBotEvent({ subject, subjectPrefix: "the0.bot", payload: bytes, order });
}

function changeOf(...args: Parameters<typeof parse>): BotChange {
  const parsed = parse(...args);
  assert.ok("change" in parsed, JSON.stringify(parsed));
  return parsed.change;
}

function problemOf(...args: Parameters<typeof parse>): string {
  const parsed = parse(...args);
  assert.ok("problem" in parsed, `was read: ${JSON.stringify(parsed).slice(0, 200)}`);
  return parsed.problem;
}

Deno.test("parseBotEvent() keeps every field of a plain event, and its order", () => {
  const document = {
    id: "b-1",
    segment_id: 3,
    enabled: false,
    config: { name: "ü", list: [1, [2]] },
    custom: { version: "1.0", updatedAt: "2026-01-02T03:04:05Z" },
    data: "theirs",
  };
  assert.deepEqual(changeOf(document, { sequence: 9 }), {
    type: "updated",
    id: "b-1",
    document,
    // The time in the document belongs to the version of the code.
    order: { sequence: 9 },
  });
});

Deno.test("parseBotEvent() unwraps an event, and takes its entity's id where the data has none", () => {
  const data = { id: "b", config: { a: 1 }, custom: {}, segment_id: 1 };
  const wrapped = { type: "bot.created", entity_id: "b", id: "id of the event", data };
  assert.deepEqual(changeOf(wrapped, { type: "created" }), {
    type: "created",
    id: "b",
    document: data,
    order: {},
  });
  assert.deepEqual(changeOf({ type: "x", data }).id, "b");
  const { id, ...withoutId } = data;
  assert.deepEqual(changeOf({ entity_id: id, data: withoutId }), {
    type: "updated",
    id,
    document: data,
    order: {},
  });
});

Deno.test("parseBotEvent() reads a deletion with the id alone, plain or wrapped", () => {
  const deletion = { type: "deleted", id: "b", order: {} } as const;
  for (
    const payload of [
      { id: "b" },
      { type: "deleted", entity_id: "b" },
      { entity_id: "b", data: null },
      { entity_id: "b", data: {} },
      { type: "deleted", data: { id: "b" } },
    ]
  ) {
    assert.deepEqual(changeOf(payload, { type: "deleted" }), deletion, JSON.stringify(payload));
  }
});

Deno.test("parseBotEvent() judges no field that a document may have wrongly", () => {
  for (const wrong of [{ config: "text" }, { custom: 7 }, { config: null }, { enabled: "0" }]) {
    assert.deepEqual(changeOf({ id: "b", ...wrong }), {
      type: "updated",
      id: "b",
      document: { id: "b", ...wrong },
      order: {},
    });
  }
});

Deno.test("parseBotEvent() leaves out _id, which is the database's own", () => {
  assert.deepEqual(changeOf({ _id: "66f", id: "b", config: {} }), {
    type: "updated",
    id: "b",
    document: { id: "b", config: {} },
    order: {},
  });
  assert.match(problemOf({ _id: "66f", id: "b" }), /nothing but an id/);
});

Deno.test("parseBotEvent() takes a field called __proto__ for a field", () => {
  const change = changeOf('{"id":"b","config":{"__proto__":{"x":1}},"__proto__":{"enabled":false}}');
  assert.ok(change.type === "updated");
  assert.equal(Object.getPrototypeOf(change.document), Object.prototype);
  assert.ok(Object.hasOwn(change.document, "__proto__"));
  assert.equal(change.document.enabled, undefined);
});

Deno.test("parseBotEvent() says what is wrong with a payload", () => {
  const deep = (levels: number) => `{"id":"b","config":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const cases: [unknown, RegExp][] = [
    ["", /empty/],
    ["{", /not JSON/],
    ['{"id":"b","config":{"x":NaN}}', /not JSON/],
    [new Uint8Array([0x22, 0xff, 0x22]), /not JSON in UTF-8/],
    ["[]", /not a JSON object/],
    ["null", /not a JSON object/],
    ['"b"', /not a JSON object/],
    [{}, /no id/],
    [{ id: null, config: {} }, /no id/],
    [{ id: 5, config: {} }, /id is not a string/],
    [{ id: {}, config: {} }, /id is not a string/],
    [{ id: "", config: {} }, /0 characters/],
    [{ id: "x".repeat(1025), config: {} }, /1025 characters/],
    [{ id: "a\nb", config: {} }, /"a\\nb" has characters that cannot be printed/],
    [{ id: "a\0", config: {} }, /cannot be printed/],
    ['{"id":"\\ud800","config":{}}', /cannot be printed/],
    [{ id: "x".repeat(129), config: {} }, /must begin with a letter or digit/],
    [{ id: "x/../y", config: {} }, /its id "x\/..\/y" must begin with a letter or digit/],
    [{ id: "..", config: {} }, /must begin with a letter or digit/],
    [{ id: "a b", config: {} }, /must begin with a letter or digit/],
    [{ id: "b" }, /nothing but an id/],
    [{ entity_id: "b", data: {} }, /nothing but an id/],
    [{ entity_id: "a", data: { id: "b", config: {} } }, /ids differ: entity_id "a", id "b"/],
    [{ entity_id: 5, data: { id: "b", config: {} } }, /ids differ/],
    [{ entity_id: "b", data: "text" }, /'data' is not an object/],
    [{ entity_id: "b", data: [{}] }, /'data' is not an object/],
    [{ id: "b", config: {}, $set: {} }, /field "\$set" cannot be stored/],
    [{ id: "b", config: {}, "config.a": 1 }, /field "config.a" cannot be stored/],
    [{ id: "b", config: {}, "": 1 }, /field "" cannot be stored/],
    [`{"id":"b","config":"${"x".repeat(2_000_000)}"}`, /2000022 bytes/],
    [deep(64), /nested/],
    [deep(200_000), /nested/],
  ];
  for (const [payload, message] of cases) assert.match(problemOf(payload), message);
  assert.equal(changeOf(deep(63)).id, "b");
  assert.equal(changeOf({ id: "x".repeat(128), config: {} }).id.length, 128);
});

Deno.test("parseBotEvent() names what is wrong in a line that can be printed", () => {
  // deno-lint-ignore no-control-regex
  const printable = /^[^\x00-\x1f]{1,200}$/;
  for (const id of ["a\u001b[31m\n".repeat(200).slice(0, 1000), "\0"]) {
    assert.match(problemOf({ id, config: {} }), printable);
  }
  assert.match(problemOf({ id: "b", config: {}, ["$\n".repeat(1000)]: 1 }), printable);
});

Deno.test("parseBotEvent() reads only the subjects of its kind", () => {
  const payload = encoder.encode('{"id":"b","config":{}}');
  const read = (subject: string, subjectPrefix: string) =>
    parseBotEvent({ subject, subjectPrefix, payload, order: {} });
  for (
    const subject of ["the0.bot.renamed", "the0.bot.", "the0.bot.created.x", "the0.bot-schedule.created", ""]
  ) {
    assert.deepEqual(read(subject, "the0.bot"), {
      problem: "the subject is none of the0.bot.created|updated|deleted",
    });
  }
  const schedule = read("the0.bot-schedule.created", "the0.bot-schedule");
  assert.ok("change" in schedule && schedule.change.type === "created");
});
