import assert from "node:assert/strict";
import { headlineOf } from "../../../../lib/logs/headline_metric.ts";

const metric = (type: string, fields: Record<string, unknown>) => ({ time: "", type, fields });

Deno.test("the headline is the metric with the most telling name", () => {
  const recent = [
    metric("latency", { value: 3 }),
    metric("account", { balance: 100, equity: 110 }),
    metric("latency", { value: 4 }),
    metric("account", { balance: 101, equity: 111 }),
  ];
  assert.deepEqual(headlineOf(recent, 10), { type: "account", field: "equity", values: [110, 111] });
  assert.deepEqual(headlineOf(recent, 1)!.values, [111]);
});

Deno.test("without a telling name the first number is the headline, and no number gives none", () => {
  assert.deepEqual(
    headlineOf([metric("note", { text: "x" }), metric("latency", { other: 1, value: 2 })], 5),
    {
      type: "latency",
      field: "value",
      values: [2],
    },
  );
  assert.equal(headlineOf([metric("a", { value: "1" }), metric("b", { value: NaN })], 5), undefined);
  assert.equal(headlineOf([], 5), undefined);
  assert.deepEqual(headlineOf([metric("pnl", { value: 2n ** 60n })], 5)!.values, [2 ** 60]);
});
