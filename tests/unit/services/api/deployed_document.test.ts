import assert from "node:assert/strict";
import { ApiProblem } from "../../../../services/api/api_problem.ts";
import { deployedDocument } from "../../../../services/api/deployed_document.ts";
import { deploymentRequest } from "../../../../services/contract/code.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";

const request = {
  id: "mine",
  filePath: "local/mine/1.2.0+0a0a0a0a0a0a0a0a",
  name: "mine",
  description: "Trades.",
  version: "1.2.0",
  runtime: "nodejs20",
  entrypoints: { bot: "main.js", backtest: "backtest.js" },
  config: '{ "symbol": "BTC", "size": 1.5 }',
};
const options = { before: undefined, segment: 0, now: Date.UTC(2025, 0, 1) };
const make = (changes: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  deployedDocument(deploymentRequest.parse({ ...request, ...changes }), { ...options, ...more });

Deno.test("deployedDocument() writes what the service reads", () => {
  const document = make();
  assert.deepEqual(document, {
    id: "mine",
    segment_id: 0,
    enabled: true,
    config: { symbol: "BTC", size: 1.5 },
    config_text: request.config,
    custom: {
      version: "1.2.0",
      filePath: "local/mine/1.2.0+0a0a0a0a0a0a0a0a",
      createdAt: "2025-01-01T00:00:00.000Z",
      updatedAt: "2025-01-01T00:00:00.000Z",
      berth: { restart: "on-failure" },
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

Deno.test("deployedDocument() notes all that the deployment has found out, side by side", () => {
  const found = {
    archiveSha256: "a".repeat(64),
    dependencies: {
      libraries: {
        key: "dependencies/node/0a/1b.zip",
        sha256: "b".repeat(64),
        folder: "node_modules" as const,
      },
    },
    image: { name: "me/bot:1", reference: `me/bot@sha256:${"c".repeat(64)}` },
  };
  const document = make({}, found);
  const custom = document.custom as Record<string, unknown>;
  assert.deepEqual(custom.berth, { restart: "on-failure", ...found });
  const parsed = parseBotDocument(document);
  assert.ok(parsed.status === "valid");
  assert.equal(parsed.settings.restart, "on-failure");
  assert.deepEqual(parsed.executable.dependencies, found.dependencies);
});

Deno.test("deployedDocument() keeps creation and segment of the document before", () => {
  const before = {
    id: "mine",
    segment_id: 7,
    custom: { createdAt: "2024-01-01T00:00:00.000Z", updatedAt: "2030-01-01T00:00:00.000Z" },
  };
  const document = make({ enabled: false }, { before });
  const custom = document.custom as Record<string, unknown>;
  assert.deepEqual([document.segment_id, document.enabled], [7, false]);
  assert.equal(custom.createdAt, "2024-01-01T00:00:00.000Z");
  assert.equal(custom.updatedAt, "2025-01-01T00:00:00.000Z");
});

Deno.test("deployedDocument() keeps the values of integers beyond 2^53", () => {
  const document = make({ config: '{"account": 9007199254740993, "size": 1.0}' });
  assert.deepEqual(document.config, { account: 9007199254740993n, size: 1 });
  assert.equal(document.config_text, '{"account": 9007199254740993, "size": 1.0}');
});

for (
  const [what, change, message] of [
    ["an unknown runtime", { runtime: "cobol" }, /runtime.*cobol/],
    ["a script outside", { entrypoints: { bot: "../b.js" } }, /entrypoints\.bot/],
    ["a configuration that is no JSON", { config: "{" }, /is not JSON/],
    ["a configuration that is no object", { config: "[1]" }, /must be a JSON object/],
    ["a number beyond all", { config: '{"key":1e999}' }, /config\.key: is Infinity/],
  ] as const
) {
  Deno.test(`deployedDocument() refuses ${what}`, () => {
    assert.throws(
      () => make(change),
      (error) => error instanceof ApiProblem && error.status === 422 && message.test(error.message),
    );
  });
}

Deno.test("deployedDocument() lets a new bot start again after failures only, and leaves one of before as it is", () => {
  const restartOf = (document: Record<string, unknown>) => {
    const parsed = parseBotDocument(document);
    assert.ok(parsed.status === "valid", JSON.stringify(parsed));
    return parsed.settings.restart;
  };
  const first = make();
  assert.equal(restartOf(first), "on-failure");
  assert.equal(restartOf(make({}, { before: first })), "on-failure");
  assert.equal(restartOf(make({ settings: { restart: "no" } }, { before: first })), "no");
  // Without the line in the file, the default of the bot applies again.
  const set = make({ settings: { restart: "always" } }, { before: first });
  assert.deepEqual([restartOf(set), restartOf(make({}, { before: set }))], ["always", "on-failure"]);
  // Another program, or an earlier version, has written it.
  const before = { id: "mine", config: {}, custom: { ...(first.custom as object), berth: undefined } };
  assert.equal(restartOf(make({}, { before })), undefined);
  assert.equal(
    make({ schedule: "@daily" }).custom && "berth" in (make({ schedule: "@daily" }).custom as object),
    false,
  );
});

Deno.test("deployedDocument() refuses what is beyond the operator's bounds, and names them", () => {
  const bounds = {
    memoryBytes: 256 * 1024 ** 2,
    cpus: 2,
    networks: ["bridge", "none"],
    stateBytes: 512 * 1024 ** 2,
  };
  const problem = (settings: Record<string, unknown>, schedule?: string) => {
    try {
      make({ settings, ...(schedule && { schedule }) }, { rules: { bounds } });
    } catch (error) {
      assert.ok(error instanceof ApiProblem && error.status === 422);
      return error.message;
    }
  };
  assert.equal(problem({ memory_mb: 256, cpus: 2, network: "none" }), undefined);
  for (const schedule of [undefined, "@daily"]) {
    assert.equal(problem({ state: { max_mb: 512 } }, schedule), undefined);
    assert.match(
      problem({ state: { max_mb: 513 } }, schedule)!,
      /^[^.]*state\.max_mb: must be at most 512, the operator's bound BOT_STATE_LIMIT_MB \(is 513\)/,
    );
    const message = problem({ memory_mb: 512, cpus: 2.5, network: "host" }, schedule)!;
    assert.match(
      message,
      /memory_mb: must be at most 256, the operator's bound MAX_BOT_MEMORY_MB \(is 512\)/,
    );
    // The author has written the setting at the top of a file.
    assert.doesNotMatch(message, /config\.berth/);
    assert.match(message, /cpus: must be at most 2, the operator's bound MAX_BOT_CPUS \(is 2\.5\)/);
    assert.match(
      message,
      /network: must be one of bridge, none, the operator's bound ALLOWED_BOT_NETWORKS \(is host\)/,
    );
  }
});
