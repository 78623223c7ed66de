import assert from "node:assert/strict";
import { MetricRange } from "../../../../lib/logs/metric_range.ts";

const at = (ms: number) => new Date(ms).toISOString();

Deno.test("MetricRange keeps the last, the smallest and the largest value of each part", () => {
  const range = new MetricRange({ from: 1000, to: 2000, points: 10 });
  const values = [[999, 9], [1000, 1], [1050, 5], [1099, 3], [1500, 7], [2000, 9]] as const;
  for (const [ms, value] of values) range.add({ time: at(ms), type: "equity", fields: { value } });
  assert.deepEqual(range.series, [{
    type: "equity",
    field: "value",
    points: [{ time: 1099, last: 3, min: 1, max: 5 }, { time: 1500, last: 7, min: 7, max: 7 }],
  }]);
});

Deno.test("MetricRange has a series for each field with a number, and a bounded number of them", () => {
  const range = new MetricRange({ from: 0, to: 10, points: 1, maxSeries: 3 });
  const fields = { b: 1n, a: 2, text: "3", none: null, list: [4], huge: Infinity };
  range.add({ time: at(5), type: "t", fields });
  assert.deepEqual(range.series.map(({ field }) => field), ["a", "b"]);
  assert.equal(range.isCut, false);
  for (let n = 0; n < 10_000; n++) range.add({ time: at(5), type: `m${n}`, fields: { value: n } });
  assert.equal(range.series.length, 3);
  assert.equal(range.isCut, true);
});

Deno.test("MetricRange is not larger than its points, however many metrics come", () => {
  const range = new MetricRange({ from: 0, to: 100_000, points: 50 });
  for (let n = 0; n < 100_000; n++) range.add({ time: at(n), type: "t", fields: { value: n } });
  const [{ points }] = range.series as [typeof range.series[number]];
  assert.equal(points.length, 50);
  assert.deepEqual(points.at(-1), { time: 99_999, last: 99_999, min: 98_000, max: 99_999 });
});
