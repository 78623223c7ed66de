import assert from "node:assert/strict";
import type { GuardRule } from "../../../../services/documents/guard_settings.ts";
import { describeTrip } from "../../../../services/guards/describe_trip.ts";
import {
  beginGuard,
  evaluateGuard,
  type GuardInput,
  type GuardState,
} from "../../../../services/guards/evaluate_guard.ts";
import { metricValue } from "../../../../services/guards/metric_value.ts";
import { parseMetric } from "../../../../lib/logs/metric_series.ts";

function rule(more: Partial<GuardRule>): GuardRule {
  return {
    name: "equity",
    metric: "equity",
    field: "value",
    when: "below",
    limit: 10,
    forSeconds: 0,
    action: "stop",
    latch: true,
    ...more,
  };
}

/** Evaluates values at seconds, and `tick` at others. @returns The guard's answers, with the second. */
function play(
  rule: GuardRule,
  steps: readonly (readonly [second: number, value: number | "tick"])[],
  from: GuardState = beginGuard(0),
): string[] {
  let state = from;
  const said: string[] = [];
  for (const [second, value] of steps) {
    const at = second * 1000;
    const input: GuardInput = value === "tick" ? { type: "tick", at } : { type: "value", value, at };
    const { state: next, verdict } = evaluateGuard(state, input, rule);
    state = next;
    if (verdict.type === "tripped") said.push(`${second}: ${describeTrip(rule, verdict.why, state)}`);
    else if (verdict.type === "recovered") said.push(`${second}: recovered`);
  }
  return said;
}

Deno.test("a guard trips once beyond its limit, and not at it", () => {
  assert.deepEqual(play(rule({}), [[1, 11], [2, 10], [3, 8], [4, 7]]), ["3: equity.value 8 below 10"]);
  assert.deepEqual(play(rule({ when: "above" }), [[1, 10], [2, 10.5]]), ["2: equity.value 10.5 above 10"]);
});

Deno.test("a guard says that its value is back, and trips again", () => {
  assert.deepEqual(play(rule({}), [[1, 8], [2, 12], [3, 9]]), [
    "1: equity.value 8 below 10",
    "2: recovered",
    "3: equity.value 9 below 10",
  ]);
});

Deno.test("with for_seconds, the value has to stay beyond the limit, and time alone trips", () => {
  const lasting = rule({ forSeconds: 5 });
  assert.deepEqual(play(lasting, [[1, 8], [4, 12], [5, 8], [9, "tick"], [10, "tick"]]), [
    "10: equity.value 8 below 10 for 5 s",
  ]);
  const { againAt } = evaluateGuard(beginGuard(0), { type: "value", value: 8, at: 1000 }, lasting);
  assert.equal(againAt, 6000);
});

Deno.test("a value beyond the limit has not recovered, although for_seconds begins anew with a run", () => {
  const lasting = rule({ forSeconds: 5, action: "alert" });
  assert.deepEqual(play(lasting, [[1, 8], [9, 8], [10, 12]], { ...beginGuard(0), tripped: "limit" }), [
    "10: recovered",
  ]);
});

Deno.test("a drawdown is measured from the peak, which a restart does not lower", () => {
  const drawdown = rule({ when: "drawdown_pct", limit: 20 });
  assert.deepEqual(play(drawdown, [[1, 80], [2, 100], [3, 80], [4, 79]]), [
    "4: equity.value 21% under its peak 100, limit 20%",
  ]);
  assert.deepEqual(play(drawdown, [[1, 79]], beginGuard(0, { peak: 100 })), [
    "1: equity.value 21% under its peak 100, limit 20%",
  ]);
  assert.deepEqual(
    play(drawdown, [[1, -5], [2, -50], [3, 0]]),
    [],
    "without a gain there is nothing to lose",
  );
});

Deno.test("a rate counts the last 60 seconds, of lines or of their amounts", () => {
  const rate = rule({ when: "rate_per_minute", limit: 3 });
  assert.deepEqual(play(rate, [[1, 1], [20, 1], [40, 1], [59, 1]]), ["59: equity.value 4 a minute above 3"]);
  assert.deepEqual(play(rate, [[1, 1], [20, 1], [40, 1], [61, 1], [80, 1]]), []);
  let state = beginGuard(0);
  for (let n = 0; n < 600_000; n += 10) {
    ({ state } = evaluateGuard(
      state,
      { type: "value", value: 1, at: n },
      rule({ when: "rate_per_minute", limit: 1e9 }),
    ));
  }
  assert.equal(state.value, 6000);
  assert.ok(state.seconds!.length <= 60);
});

Deno.test("missing numbers trip where the guard says so; what nobody could see is not missing", () => {
  const strict = rule({ onMissing: { afterSeconds: 60, action: "stop" } });
  assert.deepEqual(play(strict, [[30, 12], [89, "tick"], [90, "tick"], [95, "tick"]]), [
    "90: no number of equity.value for 60 s",
  ]);
  const { state } = evaluateGuard(beginGuard(0), { type: "blind", ms: 50_000, at: 50_000 }, strict);
  assert.deepEqual(play(strict, [[109, "tick"], [110, "tick"]], state), [
    "110: no number of equity.value for 60 s",
  ]);
  assert.deepEqual(play(rule({}), [[1e6, "tick"]]), []);
});

Deno.test("a guard that has only told trips again when its number is missing", () => {
  const both = rule({ action: "alert", onMissing: { afterSeconds: 60, action: "stop" } });
  assert.deepEqual(play(both, [[1, 8], [61, "tick"]]), [
    "1: equity.value 8 below 10",
    "61: no number of equity.value for 60 s",
  ]);
});

Deno.test("a stop beyond the limit comes also after somebody was told that the number is missing", () => {
  const hung = rule({ forSeconds: 300, onMissing: { afterSeconds: 60, action: "alert" } });
  assert.deepEqual(play(hung, [[1, 8], [61, "tick"], [300, "tick"], [301, "tick"], [400, "tick"]]), [
    "61: no number of equity.value for 60 s",
    "301: equity.value 8 below 10 for 300 s",
  ]);
});

Deno.test("metricValue() takes finite numbers and large integers, also nested ones", () => {
  const value = (json: string, field = "value") =>
    metricValue(parseMetric("2026-01-01T00:00:00Z", `{"_metric":"equity",${json}}`)!, { field });
  assert.deepEqual(value('"value":8.5'), { value: 8.5 });
  assert.deepEqual(value('"value":90071992547409931'), { value: 90071992547409930 });
  assert.deepEqual(value('"a":{"b":{"c":3}}', "a.b.c"), { value: 3 });
  assert.deepEqual(value('"a.b":1,"a":{"b":2}', "a.b"), { value: 1 });
  assert.deepEqual(value('"value":"8"'), { oddity: "a string" });
  assert.deepEqual(value('"value":null'), { oddity: "null" });
  assert.deepEqual(value('"value":1e999'), { oddity: "Infinity" });
  assert.deepEqual(value(`"value":1${"0".repeat(400)}`), { oddity: "Infinity" });
  assert.deepEqual(value('"value":[8]'), { oddity: "an array" });
  assert.deepEqual(value('"x":1'), { oddity: "missing" });
  assert.deepEqual(value('"x":1', "__proto__.x"), { oddity: "missing" });
  assert.deepEqual(metricValue(parseMetric("", '{"_metric":"order"}')!, {}), { value: 1 });
});
