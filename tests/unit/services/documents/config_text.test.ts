import assert from "node:assert/strict";
import { deployedDocument } from "../../../../services/api/deployed_document.ts";
import { ApiProblem } from "../../../../services/api/api_problem.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import type { BotDocument } from "../../../../services/documents/bot_repository.ts";
import { MAX_CONFIG_BYTES } from "../../../../services/documents/config_json.ts";
import { parseScheduleDocument } from "../../../../services/schedules/schedule_document.ts";
import { writeBotEvent } from "../../../../services/events/bot_event.ts";

/** White space, an order of keys and forms of numbers that values do not keep. */
const TEXT =
  '{"roi": {"60": 0.01, "30": 0.02, "0": -0.0},\r\n "leverage": 1.0, "step": 1e5, "tiny": 1e-400, "é": "\\u00fc", ' +
  '"q": 0.1000000000000000055511151231257827}\n';

function deployed(config: string, schedule?: string, settings = {}): Record<string, unknown> {
  const request = {
    id: "b",
    filePath: "x",
    name: "b",
    version: "1",
    runtime: "python3.11",
    entrypoints: { bot: "main.py" },
    settings,
    config,
    build: true,
    dryRun: false,
    ...(schedule !== undefined && { schedule }),
  };
  return { ...deployedDocument(request, { before: undefined, segment: 0, now: 0 }) };
}

/** Reads the configuration that a bot is given, from a document that a database has kept. */
function given(document: BotDocument): string {
  const kept = JSON.parse(JSON.stringify(document));
  const parsed = kept.config.schedule ? parseScheduleDocument(kept) : parseBotDocument(kept);
  assert.ok(parsed.status === "valid", JSON.stringify(parsed));
  return parsed.executable.config;
}

Deno.test("a configuration that was deployed arrives byte for byte", () => {
  assert.equal(given(deployed(TEXT)), TEXT);
  assert.equal(
    given(deployed(TEXT, "@daily")),
    TEXT,
    "a schedule of bot-config.yaml is not part of the file",
  );
  const withSchedule = '{ "schedule": "@hourly" }';
  assert.equal(given(deployed(withSchedule, "@daily")), withSchedule);
  assert.equal(given(deployed("{}")), "{}");
});

Deno.test("a configuration that another program has changed arrives as its values, whatever the text beside it", () => {
  const document = deployed(TEXT);
  const config = document.config as Record<string, unknown>;
  for (
    const changed of [{ ...config, leverage: 2 }, { ...config, more: 1 }, {}, { schedule: "@daily", x: 1 }]
  ) {
    assert.equal(given({ ...document, config: changed }), JSON.stringify(changed));
  }
  assert.equal(given({ ...document, config: { ...config } }), TEXT, "written again, and the same");
  for (const text of ["{", "[]", '"x"', 5, null, {}, "", "x".repeat(100)]) {
    assert.equal(given({ ...document, config: { a: 1 }, config_text: text }), '{"a":1}');
  }
});

Deno.test("another program's values that JSON has no form for are compared without an error", () => {
  const parsed = parseBotDocument({ ...deployed('{"a":1}'), config: { a: 2n ** 60n, when: new Date(0) } });
  assert.ok(parsed.status === "valid");
  assert.equal(parsed.executable.config, '{"a":1152921504606846976,"when":"1970-01-01T00:00:00.000Z"}');
});

Deno.test("a configuration may have 512 KiB as it was written", () => {
  const fill = (bytes: number) => `{"a": "${"x".repeat(bytes - 9)}"}`;
  assert.equal(given(deployed(fill(MAX_CONFIG_BYTES))).length, MAX_CONFIG_BYTES);
  const refused = /config: is larger than 512 KiB/;
  const isRefusal = (error: unknown) => error instanceof ApiProblem && refused.test(error.message);
  assert.throws(() => deployed(fill(MAX_CONFIG_BYTES + 1)), isRefusal);
  assert.throws(() => deployed(`{"a": 1${" ".repeat(MAX_CONFIG_BYTES)}}`), isRefusal);
});

Deno.test("an event carries the values alone, so that a large configuration fits into it", () => {
  const change = { type: "updated", id: "b", document: deployed(TEXT), order: {} } as const;
  const { payload } = writeBotEvent(change, "the0.bot");
  const fields = JSON.parse(new TextDecoder().decode(payload));
  assert.deepEqual([Object.hasOwn(fields, "config_text"), fields.config.leverage], [false, 1]);
});

Deno.test("deployedDocument() keeps settings of Berth's from the bot, and the rest of the text as it was written", () => {
  const config = '{ "a": 1.0,\n "berth": {"log_interval_seconds": 3}, "10": 1e5, "2": {"berth": 1} }\n';
  const document = deployed(config, undefined, { stop_grace_seconds: 7 });
  assert.deepEqual(
    (document.config as Record<string, unknown>).berth,
    { stop_grace_seconds: 7, log_interval_seconds: 3 },
  );
  const parsed = parseBotDocument(document);
  assert.ok(parsed.status === "valid");
  assert.equal(parsed.executable.config, '{ "a": 1.0,\n "10": 1e5, "2": {"berth": 1} }\n');
  assert.deepEqual(parsed.settings, { stopGraceSeconds: 7, logIntervalSeconds: 3, restart: "on-failure" });
});
