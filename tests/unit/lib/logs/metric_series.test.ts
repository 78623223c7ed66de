import assert from "node:assert/strict";
import { MetricSeries } from "../../../../lib/logs/metric_series.ts";

Deno.test("MetricSeries keeps the latest of each type and a bounded number of recent ones", () => {
  const series = new MetricSeries({ recent: 3, types: 2, maxLength: 60 });
  const record = (line: string, time = "t") => series.record("bot", time, line);
  for (const i of [1, 2, 3, 4]) assert.ok(record(`{"_metric":"price","value":${i}}`, `t${i}`));
  assert.ok(record('{"a":1,"_metric":"pnl"}'));
  assert.ok(record(`{"_metric":"pnl","text":"${"x".repeat(100)}"}`));
  assert.ok(record('{"_metric":"third"}'));
  for (const line of ['{"_metric":""}', '{"_metric":7}', '{"metric":"x"}', '{"_metric":"x"', "[]", "x"]) {
    assert.ok(!record(line), line);
  }
  const { counts, latest, recent } = series.of("bot");
  assert.deepEqual(counts, { price: 4, pnl: 2, "(other)": 1 });
  assert.deepEqual(latest, {
    price: { time: "t4", type: "price", fields: { value: 4 } },
    pnl: { time: "t", type: "pnl", fields: { a: 1 } },
  });
  assert.deepEqual(recent.map(({ time }) => time), ["t3", "t4", "t"]);
  series.forget("bot");
  assert.deepEqual(series.of("bot"), { counts: {}, latest: {}, recent: [] });
});

Deno.test("MetricSeries takes no names that are longer than a list can show", () => {
  const series = new MetricSeries();
  const long = "x".repeat(201);
  assert.ok(!series.record("bot", "t", JSON.stringify({ _metric: long, value: 1 })));
  assert.ok(
    series.record("bot", "t", JSON.stringify({ _metric: long.slice(1), [long]: 1, [long.slice(1)]: 2 })),
  );
  const { counts, recent } = series.of("bot");
  assert.deepEqual(counts, { [long.slice(1)]: 1 });
  assert.deepEqual(recent[0]!.fields, { [long.slice(1)]: 2 });
});
