import assert from "node:assert/strict";
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { BotTable } from "../../../../services/bots/bot_table.ts";
import { ConditionLog } from "../../../../services/bots/condition_log.ts";

class LogFixture implements Disposable {
  readonly bots = new BotTable();
  readonly log = new ConditionLog(this.bots);
  readonly #records: LogRecord[] = [];

  constructor() {
    configureSync({
      reset: true,
      sinks: { test: (record) => this.#records.push(record) },
      loggers: [{ category: "berth", sinks: ["test"] }, { category: ["logtape", "meta"], sinks: [] }],
    });
  }

  /** The log records since the last call. */
  readonly told = (): unknown[][] =>
    this.#records.splice(0).map(({ level, message, properties }) => [
      level,
      message.join(""),
      ...Object.values(properties),
    ]);

  [Symbol.dispose](): void {
    resetSync();
  }
}

Deno.test("ConditionLog logs a condition once, however often it is reported, and again when it changes", () => {
  using fixture = new LogFixture();
  const { log, told, bots } = fixture;
  const waiting = (
    until: number,
  ) => ({ type: "waiting", for: "the engine", until: new Date(until) } as const);
  log.reportCondition("a", waiting(0));
  log.reportCondition("a", waiting(5000));
  log.reportCondition("b", waiting(0));
  const text = "waiting for the engine (next try at 1970-01-01T00:00:00.000Z)";
  assert.deepEqual(told(), [
    ["warning", "bot needs attention", "a", text],
    ["warning", "bot needs attention", "b", text],
  ]);
  log.reportCondition("a", { type: "failed", message: "no object" });
  assert.deepEqual(told(), [["warning", "bot needs attention", "a", "failed: no object"]]);
  bots.delete("a");
  log.reportCondition("a", { type: "failed", message: "no object" });
  assert.equal(told().length, 1);
});

Deno.test("ConditionLog logs a recovery that no other message tells of", () => {
  using fixture = new LogFixture();
  const { log, told } = fixture;
  log.reportCondition("a", { type: "running" });
  log.reportCondition("a", { type: "starting", attempt: 1 });
  assert.deepEqual(told(), []);
  log.reportCondition("a", { type: "invalid", reason: "config: is a text", stillRunning: true });
  told();
  log.reportCondition("a", { type: "running" });
  log.reportCondition("a", { type: "running" });
  assert.deepEqual(told(), [["info", "bot recovered", "a", "running"]]);
  // Its next start is told.
  log.reportCondition("a", { type: "backing-off", until: new Date(0), nextAttempt: 2 });
  told();
  log.reportCondition("a", { type: "running" });
  assert.deepEqual(told(), []);
});

Deno.test("ConditionLog logs the warnings about a document once, until they change", () => {
  using fixture = new LogFixture();
  const { log, told } = fixture;
  log.reportNotes("a", []);
  log.reportNotes("a", ["custom.createdAt: is a number", "custom.updatedAt: is a number"]);
  log.reportNotes("a", ["custom.createdAt: is a number", "custom.updatedAt: is a number"]);
  const both = "custom.createdAt: is a number; custom.updatedAt: is a number";
  assert.deepEqual(told(), [["warning", "document has warnings", "a", both]]);
  log.reportNotes("a", []);
  log.reportNotes("a", ["custom.createdAt: is a number"]);
  assert.equal(told().length, 1);
});
