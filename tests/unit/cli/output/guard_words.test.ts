import assert from "node:assert/strict";
import { describeGuards, short } from "../../../../cli/output/guard_words.ts";
import type { ShownGuard } from "../../../../services/contract/guards.ts";

const NOW = Date.parse("2026-01-01T00:00:10Z");
const EQUITY = {
  name: "equity",
  metric: "equity",
  field: "value",
  when: "below",
  limit: 9000,
  forSeconds: 0,
  action: "stop",
  latch: true,
  state: "ok",
  value: 0.1 + 0.2,
  valueAt: "2026-01-01T00:00:07Z",
} as ShownGuard;

Deno.test("describeGuards() aligns guards, and shows numbers without noise", () => {
  const drawdown = {
    ...EQUITY,
    name: "drawdown",
    when: "drawdown_pct",
    limit: 15,
    value: 2.391304347826087,
    peak: 9200,
  };
  const silent: ShownGuard = { ...EQUITY, name: "x", state: "waiting" };
  delete silent.value;
  delete silent.valueAt;
  assert.deepEqual(describeGuards([EQUITY, drawdown as ShownGuard, silent], NOW), [
    "equity    ok: equity.value 0.3, stop below 9000, last number 3s ago",
    "drawdown  ok: equity.value 2.3913% under the peak, peak 9200, stop beyond 15% under the peak, last number 3s ago",
    "x         waiting: equity.value has no number yet, stop below 9000",
  ]);
  assert.deepEqual(describeGuards([], NOW), []);
  assert.equal(short(7.000000000000001), "7");
  assert.equal(short(1234567.89), "1234567.89");
});
