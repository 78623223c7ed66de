import assert from "node:assert/strict";
import type { BotFolder } from "../../../../cli/deploy/bot_folder.ts";
import { botToDocument } from "../../../../cli/deploy/bot_to_document.ts";
import { InvalidBotFolderError } from "../../../../lib/errors.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";

const bot: BotFolder = {
  path: "/bots/mine",
  name: "mine",
  description: "Trades.",
  version: "1.2.0",
  runtime: "nodejs20",
  entrypoints: { bot: "main.js", backtest: "backtest.js" },
  settings: {},
  config: '{ "symbol": "BTC", "size": 1.5 }',
};
const options = {
  id: "mine",
  filePath: "local/mine/1.2.0+0a0a0a0a",
  enabled: true,
  segment: 0,
  now: Date.UTC(2025, 0, 1),
};

Deno.test("botToDocument() writes what the service reads", () => {
  const document = botToDocument(bot, options);
  assert.deepEqual(document, {
    id: "mine",
    segment_id: 0,
    enabled: true,
    config: { symbol: "BTC", size: 1.5 },
    config_text: bot.config,
    custom: {
      version: "1.2.0",
      filePath: "local/mine/1.2.0+0a0a0a0a",
      createdAt: "2025-01-01T00:00:00.000Z",
      updatedAt: "2025-01-01T00:00:00.000Z",
      config: {
        name: "mine",
        description: "Trades.",
        runtime: "nodejs20",
        version: "1.2.0",
        entrypoints: { bot: "main.js", backtest: "backtest.js" },
      },
    },
  });
  const parsed = parseBotDocument(document);
  assert.ok(parsed.status === "valid" && parsed.enabled);
  assert.equal(parsed.executable.runtime, "nodejs20");
});

Deno.test("botToDocument() keeps creation and segment of the document before", () => {
  const before = {
    id: "mine",
    segment_id: 7,
    custom: { createdAt: "2024-01-01T00:00:00.000Z", updatedAt: "2030-01-01T00:00:00.000Z" },
  };
  const document = botToDocument(bot, { ...options, enabled: false, before });
  const custom = document.custom as Record<string, unknown>;
  assert.deepEqual([document.segment_id, document.enabled], [7, false]);
  assert.equal(custom.createdAt, "2024-01-01T00:00:00.000Z");
  assert.equal(custom.updatedAt, "2025-01-01T00:00:00.000Z");
});

for (
  const [what, change, message] of [
    ["an id with a slash", { id: "a/b" }, /as 'a\/b': id:/],
    ["an unknown runtime", { runtime: "cobol" }, /runtime.*cobol/],
    ["a missing script", { entrypoints: { backtest: "b.js" } }, /entrypoints\.bot/],
    ["a configuration that is no JSON", { config: "{" }, /is not JSON/],
    ["a configuration that is no object", { config: "[1]" }, /must be a JSON object/],
    ["a number that would lose digits", { config: '{"a":{"key":9007199254740993}}' }, /'key'.*as a string/],
    ["a number beyond all", { config: '{"key":1e999}' }, /'key'/],
  ] as const
) {
  Deno.test(`botToDocument() refuses ${what}`, () => {
    const { id = "mine", ...fields } = change as { id?: string } & Partial<BotFolder>;
    assert.throws(
      () => botToDocument({ ...bot, ...fields }, { ...options, id }),
      (error) => error instanceof InvalidBotFolderError && message.test(error.message),
    );
  });
}
