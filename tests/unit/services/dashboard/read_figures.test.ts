/** How the dashboard reads the plots of a result: its module runs here as it does in a browser. */

import assert from "node:assert/strict";
import { overlaid, readFigures } from "../../../../services/dashboard/backtests/read_figures.js";

Deno.test("readFigures() reads Plotly's figures and single traces, and names what is not drawn", () => {
  const { figures, others } = readFigures([
    {
      data: [
        { type: "scatter", mode: "markers", name: "Buys", x: ["2026-01-02", "2026-01-01"], y: [2, 1] },
        { type: "heatmap", z: [[1]] },
      ],
      layout: { title: { text: "Worth" } },
    },
    { type: "line", name: "Price", x: [1, 2, 3], y: [100, null, "NaN"] },
    { type: "bar", x: ["BTC", "ETH"], y: [3, 4n] },
  ]);
  const day = Date.parse("2026-01-01") / 1000;
  assert.deepEqual(figures, [
    {
      title: "Worth",
      axis: "time",
      series: [{ kind: "scatter", name: "Buys", x: [day, day + 86_400], y: [1, 2] }],
    },
    {
      title: "Price",
      axis: "number",
      series: [{ kind: "line", name: "Price", x: [1, 2, 3], y: [100, null, null] }],
    },
    {
      title: "Plot 3",
      axis: ["BTC", "ETH"],
      series: [{ kind: "bar", name: "Series 1", x: [0, 1], y: [3, 4] }],
    },
  ]);
  assert.deepEqual(others, [{ title: "Worth", kind: "heatmap" }]);
});

Deno.test("readFigures() takes whatever a program may write", () => {
  for (
    const plots of [undefined, null, 7, "text", [null, 1, [], {}], { data: 1 }, [{ data: [null] }], [{
      y: {},
    }]]
  ) {
    assert.deepEqual(readFigures(plots).figures, [], JSON.stringify(plots));
  }
  const odd = { toString: 0 };
  assert.deepEqual(readFigures([{ type: "bar", name: odd, x: [odd, "b", odd], y: [1, 2, 3] }]).figures, [{
    title: "Plot 1",
    axis: ['{ "toString": 0 }', "b"],
    series: [{ kind: "bar", name: "Series 1", x: [0, 1], y: [3, 2] }],
  }]);
  // Sides of different lengths are cut, and a hostile length is not believed.
  const [figure] = readFigures([{ x: [1, 2, 3], y: [5] }]).figures;
  assert.deepEqual(figure!.series[0]!.y, [5]);
});

Deno.test("overlaid() lays figures of one title over each other, and counts categories by one list", () => {
  const of = (name: string, x: string[]) => ({
    name,
    figures: readFigures([{ type: "bar", name: "Profit", x, y: x.map((_, at) => at + 1) }]).figures,
  });
  assert.deepEqual(overlaid([of("a", ["BTC", "ETH"]), of("b", ["ETH", "SOL"])]), [{
    title: "Profit",
    axis: ["BTC", "ETH", "SOL"],
    series: [{ kind: "bar", name: "a", x: [0, 1], y: [1, 2] }, {
      kind: "bar",
      name: "b",
      x: [1, 2],
      y: [1, 2],
    }],
  }]);
});
