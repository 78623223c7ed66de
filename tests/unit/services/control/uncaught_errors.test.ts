import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Logger } from "@logtape/logtape";
import { logUncaughtErrors } from "../../../../services/control/uncaught_errors.ts";
import { until } from "../../../support/until.ts";

Deno.test("logUncaughtErrors() logs what would end the process, and the process goes on", async () => {
  const logged: string[] = [];
  const log = { error: (_text: string, { stack }: { stack: string }) => logged.push(stack) };
  using _uncaught = logUncaughtErrors(log as unknown as Logger);
  setTimeout(() => {
    throw new Error("of a timer");
  });
  void Promise.reject(new Error("of a promise"));
  setTimeout(() => new EventEmitter().emit("error", new Error("of an emitter")));
  await until("three errors", () => logged.length >= 3);
  for (const source of ["timer", "promise", "emitter"]) {
    assert.ok(
      logged.some((stack) => stack.includes(`of a${source === "emitter" ? "n" : ""} ${source}`)),
      source,
    );
  }
});
