import assert from "node:assert/strict";
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { ConditionLog } from "../../../../services/bots/condition_log.ts";

function withLog(work: (log: ConditionLog, told: () => unknown[][]) => void): void {
  const records: LogRecord[] = [];
  configureSync({
    reset: true,
    sinks: { test: (record) => records.push(record) },
    loggers: [{ category: "berth", sinks: ["test"] }, { category: ["logtape", "meta"], sinks: [] }],
  });
  try {
    work(
      new ConditionLog(),
      () =>
        records.splice(0).map((
          { level, message, properties },
        ) => [level, message.join(""), ...Object.values(properties)]),
    );
  } finally {
    resetSync();
  }
}

Deno.test("ConditionLog tells a condition once, however often it is seen, and again when it is another", () =>
  withLog((log, told) => {
    const waiting = (
      until: number,
    ) => ({ type: "waiting", for: "the engine", until: new Date(until) } as const);
    log.tell("a", waiting(0));
    log.tell("a", waiting(5000));
    log.tell("b", waiting(0));
    const text = "waiting for the engine (next try at 1970-01-01T00:00:00.000Z)";
    assert.deepEqual(told(), [
      ["warning", "bot needs attention", "a", text],
      ["warning", "bot needs attention", "b", text],
    ]);
    log.tell("a", { type: "failed", message: "no object" });
    assert.deepEqual(told(), [["warning", "bot needs attention", "a", "failed: no object"]]);
    log.forget("a");
    log.tell("a", { type: "failed", message: "no object" });
    assert.equal(told().length, 1);
  }));

Deno.test("ConditionLog says when a bot is well again of which nothing else would tell", () =>
  withLog((log, told) => {
    log.tell("a", { type: "running" });
    log.tell("a", { type: "starting", attempt: 1 });
    assert.deepEqual(told(), []);
    log.tell("a", { type: "invalid", reason: "config: is a text", stillRunning: true });
    told();
    log.tell("a", { type: "running" });
    log.tell("a", { type: "running" });
    assert.deepEqual(told(), [["info", "bot is well again", "a", "running"]]);
    // Its next start is told.
    log.tell("a", { type: "backing-off", until: new Date(0), nextAttempt: 2 });
    told();
    log.tell("a", { type: "running" });
    assert.deepEqual(told(), []);
  }));

Deno.test("ConditionLog tells the notes of a document once, until they are others", () =>
  withLog((log, told) => {
    log.note("a", []);
    log.note("a", ["custom.createdAt: is a number", "custom.updatedAt: is a number"]);
    log.note("a", ["custom.createdAt: is a number", "custom.updatedAt: is a number"]);
    const both = "custom.createdAt: is a number; custom.updatedAt: is a number";
    assert.deepEqual(told(), [["warning", "document is odd", "a", both]]);
    log.note("a", []);
    log.note("a", ["custom.createdAt: is a number"]);
    assert.equal(told().length, 1);
  }));
