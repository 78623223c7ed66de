import assert from "node:assert/strict";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { parseScheduleDocument } from "../../../../services/schedules/schedule_document.ts";

function documentWith(config: object, fields: object = {}) {
  const custom = { version: "1", filePath: "bot/1", config: { entrypoints: { bot: "main.py" } } };
  return { id: "a", config, custom, ...fields };
}

function notesOf(config: object, fields: object = {}): readonly string[] {
  const parsed = parseBotDocument(documentWith(config, fields));
  assert.ok(parsed.status === "valid", JSON.stringify(parsed));
  return parsed.notes;
}

Deno.test("parseBotDocument() keeps config.berth from the bot, and leaves all else as it is", () => {
  const own = { z: 1, timezone: "Mars", retries: "many", a: { berth: 2 }, ["__proto__"]: { x: 1 } };
  const parsed = parseBotDocument(documentWith({ ...own, berth: { stop_grace_seconds: 5 }, last: true }));
  assert.ok(parsed.status === "valid");
  assert.equal(parsed.executable.config, JSON.stringify({ ...own, last: true }));
  assert.deepEqual(parsed.settings, { stopGraceSeconds: 5 });
});

Deno.test("parseScheduleDocument() takes no setting from the bot's own keys, and says so", () => {
  const config = {
    schedule: "0 9 * * *",
    timezone: "Nowhere/Land",
    retries: -7,
    max_runtime_seconds: "x",
    concurrency_policy: 5,
  };
  const parsed = parseScheduleDocument(documentWith(config));
  assert.ok(parsed.status === "valid");
  assert.equal(parsed.cron.timezone, "UTC");
  assert.deepEqual(parsed.settings, { concurrencyPolicy: "Forbid", retries: 0 });
  const noteOf = (name: string) =>
    `config.${name}: belongs to the bot and sets nothing; Berth reads config.berth.${name}`;
  assert.deepEqual(
    parsed.notes.toSorted(),
    ["concurrency_policy", "max_runtime_seconds", "retries", "timezone"].map(noteOf),
  );
  const berth = { timezone: "Asia/Tokyo", retries: 2, max_runtime_seconds: 9, concurrency_policy: "Allow" };
  const both = parseScheduleDocument(documentWith({ ...config, berth }));
  assert.ok(both.status === "valid");
  assert.equal(both.cron.timezone, "Asia/Tokyo");
  assert.deepEqual(both.settings, { concurrencyPolicy: "Allow", retries: 2, maxRuntimeSeconds: 9 });
  assert.deepEqual(both.notes, []);
});

Deno.test("parseBotDocument() notes settings that do not exist, and refuses what is no object", () => {
  assert.deepEqual(notesOf({ berth: { timezon: "x", colour: 1 } }), [
    'config.berth: "timezon" is no setting and is ignored; did you mean timezone?',
    'config.berth: "colour" is no setting and is ignored',
  ]);
  assert.deepEqual(notesOf({ berth: null }), []);
  for (const berth of ["text", 5, [], true]) {
    const parsed = parseBotDocument(documentWith({ berth }));
    assert.ok(parsed.status === "invalid");
    assert.match(parsed.reason, /^config\.berth: must be an object \(is a/);
  }
});

Deno.test("parseBotDocument() notes what seems to disable a bot and does not", () => {
  for (const enabled of ["false", 0, null, "no"]) {
    assert.match(
      notesOf({}, { enabled })[0] ?? "",
      /^enabled: is .*, which does not disable the bot/,
      String(enabled),
    );
  }
  for (const enabled of ["False", "no", "off", null, ""]) {
    assert.match(
      notesOf({ enabled })[0] ?? "",
      /^config\.enabled: is .*, which does not disable the bot/,
      String(enabled),
    );
  }
  for (const enabled of [true, false, undefined]) {
    assert.deepEqual(notesOf({}, enabled === undefined ? {} : { enabled }), [], String(enabled));
  }
  for (const enabled of [true, "true", 1, "1", false, "false", 0, "0"]) {
    assert.deepEqual(notesOf({ enabled }), []);
  }
});
