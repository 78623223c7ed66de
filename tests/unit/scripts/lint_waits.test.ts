import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import plugin from "../../../scripts/lint_waits.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

function problems(code: string, path = "tests/engine/a.test.ts"): string[] {
  return Deno.lint.runPlugin(plugin, `${ROOT}${path}`, code).map(({ id }) => id);
}

Deno.test("lint_waits reports a sleep without a reason, in tests only", () => {
  const sleep = "await new Promise((resolve) => setTimeout(resolve, 100));";
  assert.deepEqual(problems(sleep), ["berth/no-bare-sleep"]);
  assert.deepEqual(problems("const wait = () => new Promise((r) => { setTimeout(r, 1); });"), [
    "berth/no-bare-sleep",
  ]);
  assert.deepEqual(problems('import { setTimeout } from "node:timers/promises";'), ["berth/no-bare-sleep"]);
  assert.deepEqual(problems(sleep, "lib/util/clock.ts"), []);
  assert.deepEqual(problems(sleep, "tests/support/until.ts"), []);
  assert.deepEqual(
    problems('await pause(100, "nothing may follow"); setTimeout(() => end.abort(), 50);'),
    [],
  );
});

Deno.test("lint_waits reports a loop that only lets time pass", () => {
  const loop = ["berth/no-endless-wait"];
  assert.deepEqual(problems('while (!isSo()) await pause(5, "");'), loop);
  assert.deepEqual(problems('for (const seen = count(); count() < seen + 2;) { await pause(5, ""); }'), loop);
  assert.deepEqual(problems("while (queue.length > 0) await work(queue.shift());"), []);
  assert.deepEqual(problems("while (queue.pop());"), []);
  assert.deepEqual(problems("for (let turn = 0; turn < 20; turn++) await settle();"), []);
  assert.deepEqual(problems('await until("it", () => isSo());'), []);
});
