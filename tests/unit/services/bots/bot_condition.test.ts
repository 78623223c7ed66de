import assert from "node:assert/strict";
import { type BotCondition, describeCondition } from "../../../../services/bots/bot_condition.ts";

const until = new Date("2025-01-02T03:04:05Z");

const LINES: [BotCondition, string][] = [
  [{ type: "running" }, "running"],
  [{ type: "disabled" }, "disabled"],
  [{ type: "paused" }, "paused"],
  [{ type: "starting", attempt: 1 }, "starting"],
  [{ type: "starting", attempt: 3 }, "starting (start 3 in a row)"],
  [{ type: "stopping", reason: "no document" }, "stopping: no document"],
  [
    { type: "backing-off", until, exitCode: 0, nextAttempt: 2 },
    "backing off until 2025-01-02T03:04:05.000Z (exit code 0, next is start 2 in a row)",
  ],
  [
    { type: "backing-off", until, nextAttempt: 2 },
    "backing off until 2025-01-02T03:04:05.000Z (exit code unknown, next is start 2 in a row)",
  ],
  [
    {
      type: "backing-off",
      until,
      exitCode: 137,
      oomKilled: true,
      memoryBytes: 512 * 1024 ** 2,
      nextAttempt: 2,
    },
    "backing off until 2025-01-02T03:04:05.000Z (out of memory: had 512 MB (exit code 137), next is start 2 in a row)",
  ],
  [{ type: "invalid", reason: "no custom", stillRunning: false }, "invalid: no custom"],
  [
    { type: "invalid", reason: "no custom", stillRunning: true },
    "invalid: no custom (the previous version keeps running)",
  ],
  [{ type: "image-missing", message: "pull x" }, "image missing: pull x"],
  [
    { type: "waiting", for: "the object store", until },
    "waiting for the object store (next try at 2025-01-02T03:04:05.000Z)",
  ],
  [{ type: "held", reason: "gone" }, "held: gone"],
  [{ type: "blocked", reason: "another store's" }, "blocked: another store's"],
  [{ type: "failed", message: "not a ZIP" }, "failed: not a ZIP"],
];

Deno.test("describeCondition() writes each condition as one line", () => {
  for (const [condition, line] of LINES) assert.equal(describeCondition(condition), line);
});

Deno.test("describeCondition() keeps a message with line breaks on one line", () => {
  assert.equal(describeCondition({ type: "failed", message: "a\n  - b\n  - c" }), "failed: a - b - c");
});
