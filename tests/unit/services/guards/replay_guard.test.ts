import assert from "node:assert/strict";
import type { GuardRule } from "../../../../services/documents/guard_settings.ts";
import { replayGuard } from "../../../../services/guards/replay_guard.ts";

const RULE: GuardRule = {
  name: "rule",
  metric: "equity",
  field: "value",
  when: "below",
  limit: 10,
  forSeconds: 0,
  action: "stop",
  latch: true,
};

async function* lines(...values: readonly (readonly [second: number, value: unknown])[]) {
  yield await Promise.resolve({ time: "2026-01-01T00:00:00Z", stream: "stdout", text: "begins" });
  for (const [second, value] of values) {
    const time = new Date(Date.parse("2026-01-01T00:00:00Z") + second * 1000).toISOString();
    yield { time, stream: "stdout", text: JSON.stringify({ _metric: "equity", value }) };
    yield { time, stream: "stderr", text: JSON.stringify({ _metric: "equity", value: -1 }) };
  }
}

Deno.test("replayGuard() names each time at which the rule would have tripped", async () => {
  const replay = await replayGuard(RULE, lines([1, 12], [2, 8], [3, 7], [4, "6"], [5, 12], [6, 9]));
  assert.deepEqual(replay, {
    trips: [
      { at: "2026-01-01T00:00:02.000Z", text: "equity.value 8 below 10" },
      { at: "2026-01-01T00:00:06.000Z", text: "equity.value 9 below 10" },
    ],
    tripCount: 2,
    numbers: 5,
    oddities: 1,
    from: "2026-01-01T00:00:01.000Z",
    to: "2026-01-01T00:00:06.000Z",
    lowest: 7,
    highest: 12,
  });
});

Deno.test("replayGuard() lets time pass between two numbers, and leaves missing ones out", async () => {
  const rule: GuardRule = { ...RULE, forSeconds: 30, onMissing: { afterSeconds: 5, action: "stop" } };
  const { trips } = await replayGuard(rule, lines([1, 8], [1000, 12], [1001, 8], [1030, 12]));
  assert.deepEqual(trips, [{ at: "2026-01-01T00:00:31.000Z", text: "equity.value 8 below 10 for 30 s" }]);
});

Deno.test("replayGuard() keeps the first 100 trips, and counts all", async () => {
  const many = Array.from({ length: 1000 }, (_, at) => [at, at % 2 === 0 ? 8 : 12] as const);
  const { trips, tripCount } = await replayGuard(RULE, lines(...many));
  assert.deepEqual([trips.length, tripCount], [100, 500]);
  assert.deepEqual(await replayGuard(RULE, lines()), { trips: [], tripCount: 0, numbers: 0, oddities: 0 });
});
