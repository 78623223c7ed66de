import assert from "node:assert/strict";
import { botRows, describeBot } from "../../../../cli/output/bot_rows.ts";
import { enablingFields } from "../../../../services/documents/enabling_fields.ts";
import { formatDuration } from "../../../../cli/output/duration.ts";
import { formatTable } from "../../../../cli/output/table.ts";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";

const document = (id: string, more = {}) => ({
  id,
  config: {},
  custom: { version: "1", filePath: "x", config: { entrypoints: { bot: "main.py" } } },
  ...more,
});

const container = (id: string, more: Partial<ManagedContainer> = {}): ManagedContainer => ({
  id,
  containerId: `c-${id}`,
  containerName: `berth_main_bot_${id}`,
  image: "python",
  kind: "bot",
  specHash: "h",
  attempt: 1,
  segment: 0,
  phase: "running",
  createdAt: new Date(1000),
  startedAt: new Date(2000),
  ...more,
});

Deno.test("botRows() puts documents and containers side by side", () => {
  const stored = [document("b"), document("a", { enabled: false }), document("bad", { custom: 1 })];
  const rows = botRows(stored.map((each) => ({ key: each.id, document: each })), [
    container("b", { attempt: 3 }),
    container("stray", { phase: "exited", exitCode: 3, finishedAt: new Date(9000) }),
    container("a", { kind: "backtest" }),
  ]);
  assert.deepEqual(rows, [
    { kind: "bot", id: "a", enabled: false, version: "1", runtime: "python3.11", phase: null },
    {
      kind: "bot",
      id: "b",
      enabled: true,
      version: "1",
      runtime: "python3.11",
      phase: "running",
      container: "berth_main_bot_b",
      attempt: 3,
      since: new Date(2000),
    },
    {
      kind: "bot",
      id: "bad",
      enabled: true,
      version: null,
      runtime: null,
      problem: "custom: must be an object that describes the bot's code (is a number)",
      phase: null,
    },
    {
      kind: "bot",
      id: "stray",
      enabled: null,
      version: null,
      runtime: null,
      phase: "exited",
      container: "berth_main_bot_stray",
      attempt: 1,
      since: new Date(9000),
      exitCode: 3,
    },
  ]);
  assert.deepEqual(rows.map(describeBot), [
    "stopped",
    "running",
    "invalid: custom: must be an object that describes the bot's code (is a number)",
    "exited: exit code 3, without a document; kept until its last lines are stored",
  ]);
});

Deno.test("describeBot() says that a bot is paused, and that it had too little memory", () => {
  const memoryBytes = 64 * 1024 ** 2;
  const rows = botRows([{ key: "a", document: document("a") }, { key: "b", document: document("b") }], [
    container("a", { isPaused: true }),
    container("b", { phase: "exited", exitCode: 137, oomKilled: true, memoryBytes }),
  ]);
  assert.deepEqual(rows.map(describeBot), ["paused", "exited: out of memory: had 64 MB (exit code 137)"]);
});

Deno.test("describeBot() says why the container of a bot that is not to run is still there", () => {
  const stored = [{ key: "off", document: document("off", { enabled: false }) }, {
    key: "on",
    document: document("on"),
  }];
  const exited = { phase: "exited", exitCode: 0 } as const;
  const rows = botRows(stored, [container("off", exited), container("on", exited)]);
  assert.deepEqual(rows.map(describeBot), [
    "exited: exit code 0; kept until its last lines are stored",
    "exited: exit code 0",
  ]);
});

Deno.test("enablingFields() changes what keeps a bot from running, and no more", () => {
  const custom = { version: "1" };
  assert.deepEqual(enablingFields({ id: "a", config: { x: 1 }, custom }, true), { id: "a", enabled: true });
  assert.deepEqual(enablingFields({ id: "a", config: { x: 1, enabled: "0" }, custom }, true), {
    id: "a",
    enabled: true,
    config: { x: 1, enabled: true },
  });
  assert.deepEqual(enablingFields({ id: "a", config: { enabled: true } }, false), {
    id: "a",
    enabled: false,
  });
});

Deno.test("formatTable() lines up columns, and formatDuration() names the largest unit", () => {
  assert.deepEqual(formatTable([["A", "BB"], ["ccc", ""], ["d", "e"]]), ["A    BB", "ccc", "d    e"]);
  assert.deepEqual([0, 59_999, 60_000, 7_199_999, 90_000_000].map(formatDuration), [
    "0s",
    "59s",
    "1m",
    "1h",
    "1d",
  ]);
});
