import assert from "node:assert/strict";
import { MetricFamilies } from "../../../../services/metrics/metric_families.ts";

function linesOf(families: MetricFamilies, format: "text" | "openmetrics"): string[] {
  const { body } = families.page(format);
  assert.ok(body.endsWith("\n"));
  return body.slice(0, -1).split("\n");
}

Deno.test("a counter has its ending in all of the text format, and only in samples of OpenMetrics", () => {
  const families = new MetricFamilies();
  families.counter("a_total", "Counts.", ["by"]).labels({ by: "x" }).inc();
  const sample = `a_total{by="x"} 1`;
  assert.deepEqual(linesOf(families, "text"), ["# HELP a_total Counts.", "# TYPE a_total counter", sample]);
  assert.deepEqual(linesOf(families, "openmetrics"), [
    "# HELP a Counts.",
    "# TYPE a counter",
    sample,
    "# EOF",
  ]);
});

Deno.test("buckets hold the numbers up to their bound, and the last one holds all", () => {
  const families = new MetricFamilies();
  const sizes = families.histogram("size_seconds", "Sizes.", [0.5, 10], ["of"]);
  for (const value of [0.5, 0.6, 10, 11]) sizes.observe({ of: "a" }, value);
  assert.deepEqual(linesOf(families, "text").slice(2), [
    'size_seconds_bucket{le="0.5",of="a"} 1',
    'size_seconds_bucket{le="10",of="a"} 3',
    'size_seconds_bucket{le="+Inf",of="a"} 4',
    'size_seconds_sum{of="a"} 22.1',
    'size_seconds_count{of="a"} 4',
  ]);
  assert.deepEqual(linesOf(families, "openmetrics").slice(2, 5), [
    'size_seconds_bucket{le="0.5",of="a"} 1',
    'size_seconds_bucket{le="10.0",of="a"} 3',
    'size_seconds_bucket{le="+Inf",of="a"} 4',
  ]);
});

Deno.test("metrics without labels begin with 0, and series appear when they are reported", () => {
  const families = new MetricFamilies();
  families.counter("a_total", "A.");
  families.gauge("b", "B.");
  families.histogram("c_seconds", "C.", [1]);
  families.counter("d_total", "D.", ["x"]).inc({ x: "y" }, 0);
  families.gauge("e", "E.", ["x"]);
  assert.deepEqual(linesOf(families, "text").filter((line) => !line.startsWith("#")), [
    "a_total 0",
    "b 0",
    'c_seconds_bucket{le="1"} 0',
    'c_seconds_bucket{le="+Inf"} 0',
    "c_seconds_sum 0",
    "c_seconds_count 0",
    'd_total{x="y"} 0',
  ]);
});

Deno.test("labels and help are escaped as each format demands", () => {
  const families = new MetricFamilies();
  families.gauge("a", 'a "b"\n\\').set(1);
  families.gauge("b", "B.", ["x", "y"]).set({ y: "2", x: 'a "b"\n\\\u{1F600}\ud83d' }, 1);
  const sample = 'b{x="a \\"b\\"\\n\\\\\u{1F600}\ufffd",y="2"} 1';
  const text = linesOf(families, "text");
  assert.equal(text[0], '# HELP a a "b"\\n\\\\');
  assert.equal(text.at(-1), sample);
  const open = linesOf(families, "openmetrics");
  assert.equal(open[0], '# HELP a a \\"b\\"\\n\\\\');
  assert.equal(open.at(-2), sample);
});

Deno.test("labels that look like other labels are series of their own", () => {
  const families = new MetricFamilies();
  const gauge = families.gauge("a", "A.", ["x", "y"]);
  gauge.set({ x: '",y="', y: "" }, 1);
  gauge.set({ x: "", y: '",y="' }, 2);
  assert.equal(linesOf(families, "text").length, 4);
});

Deno.test("numbers are written as Prometheus reads them", () => {
  const families = new MetricFamilies();
  const gauge = families.gauge("a", "A.", ["n"]);
  for (const [n, value] of [NaN, Infinity, -Infinity, -0.1, 1e21, 1e-7].entries()) {
    gauge.set({ n: `${n}` }, value);
  }
  const values = linesOf(families, "openmetrics").slice(2, -1).map((line) => line.split(" ")[1]);
  assert.deepEqual(values, ["NaN", "+Inf", "-Inf", "-0.1", "1e+21", "1e-7"]);
});

Deno.test("a series that is removed is gone until it is reported again; others stay", () => {
  const families = new MetricFamilies();
  const counter = families.counter("a_total", "A.", ["x"]);
  const series = counter.labels({ x: "1" });
  series.inc(5);
  counter.inc({ x: "2" });
  counter.remove({ x: "1" });
  const samples = () => linesOf(families, "text").slice(2);
  assert.deepEqual(samples(), ['a_total{x="2"} 1']);
  series.inc();
  assert.deepEqual(samples(), ['a_total{x="2"} 1', 'a_total{x="1"} 1']);
  counter.reset();
  assert.deepEqual(samples(), []);
});

Deno.test("mistakes of callers are refused", () => {
  const families = new MetricFamilies();
  const counter = families.counter("a_total", "A.");
  assert.throws(() => counter.inc(-1), /Cannot add -1 to a_total: a counter only grows/);
  assert.throws(() => counter.inc(NaN), RangeError);
  assert.throws(() => families.histogram("b_seconds", "B.", [1]).observe(NaN), RangeError);
  assert.throws(() => families.gauge("a_total", "A."), /two metrics a_total/);
  assert.equal(families.page("text").body.match(/^a_total .*/m)![0], "a_total 0");
});
