/** A curve over time. Charts with one `range` have one time axis: brushing one zooms all, a double click zooms out. */

import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { theme } from "../app/theme.js";
import { clockTime, shortTime } from "../text/format.js";
import { html } from "./html.js";

const HEIGHT = 116;
const SYNC = "time";
const DAY_S = 24 * 3600;
const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The colour that a token has in the theme in use. */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

/**
 * @param title Its title. @param value Its last value, in words.
 * @param data `[times in s, values]`.
 * @param range A signal of `{ from, to }` in s, or of `undefined` while it follows the present.
 * @param span How much is shown while it follows, in s. @param format Writes a value of the axis.
 * @param marks Restarts and deployments: `{ at, isBad }`, `at` in s. @param fromZero Whether 0 is the bottom.
 * @param leastTop The top is not below this. @param isBinary Whether the axis goes in steps of 1024.
 */
export function Chart(
  { title, value, data, range, span, format, marks = [], fromZero = false, leastTop = 0, isBinary = false },
) {
  const place = useRef(null);
  const plot = useRef(null);
  const latest = useRef({});
  latest.current = { marks, span, format };
  useEffect(() => {
    const made = new uPlot(
      optionsOf(latest, range, { fromZero, leastTop, isBinary, width: place.current.clientWidth }),
      data,
      place.current,
    );
    plot.current = made;
    const resizing = new ResizeObserver(([{ contentRect }]) =>
      made.setSize({ width: contentRect.width, height: HEIGHT })
    );
    resizing.observe(place.current);
    const stop = effect(() => {
      theme.value;
      const zoom = range.value;
      made.batch(() => {
        if (zoom) made.setScale("x", { min: zoom.from, max: zoom.to });
        else follow(made, latest.current.span);
      });
      made.redraw(true, true);
    });
    const redraw = () => made.redraw(true, true);
    dark.addEventListener("change", redraw);
    return () => {
      stop();
      dark.removeEventListener("change", redraw);
      resizing.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => {
    const made = plot.current;
    made.batch(() => {
      made.setData(data, false);
      const zoom = range.peek();
      if (zoom) made.setScale("x", { min: zoom.from, max: zoom.to });
      else follow(made, span);
    });
  }, [data, span, marks.length]);
  return html`
    <section class="panel chart" aria-label=${`${title}: ${value}`}>
      <header><h3>${title}</h3><span class="value">${value}</span></header>
      <div class="plot" ref=${place} aria-hidden="true"></div>
    </section>
  `;
}

function follow(plot, span) {
  const now = Date.now() / 1000;
  plot.setScale("x", { min: now - span, max: now });
}

function optionsOf(latest, range, { fromZero, leastTop, isBinary, width }) {
  const axis = {
    stroke: () => color("--chart-text"),
    grid: { stroke: () => color("--chart-grid"), width: 1 },
    ticks: { show: false },
    font: "11px Inter, system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [6, 18, 0, 0],
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
    },
    scales: { x: { time: true }, y: { range: (_plot, low, high) => rangeOf(low, high, fromZero, leastTop) } },
    axes: [
      { ...axis, size: 24, space: 70, values: (_plot, times) => timeWords(times) },
      {
        ...axis,
        size: 58,
        space: 30,
        ...(isBinary && { incrs: BINARY }),
        values: (_plot, values) => values.map((one) => latest.current.format(one)),
      },
    ],
    series: [{}, {
      stroke: () => color("--chart-1"),
      fill: () => `color-mix(in srgb, ${color("--chart-1")} 12%, transparent)`,
      width: 1.5,
      points: { show: false },
      spanGaps: false,
    }],
    hooks: {
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 4) return;
        range.value = { from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") };
        plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
      ready: [(plot) => plot.over.addEventListener("dblclick", () => range.value = undefined)],
      draw: [(plot) => drawMarks(plot, latest.current.marks)],
    },
  };
}

/** Days where days matter, else the time of day. */
function timeWords(times) {
  const step = times[1] - times[0];
  return times.map((time) => {
    const words = shortTime(time * 1000);
    if (step >= DAY_S) return words.replace(/, 00:00$/, "");
    return step < 60 ? clockTime(time * 1000) : words.slice(-5);
  });
}

function rangeOf(low, high, fromZero, leastTop) {
  if (low === null) return [0, leastTop || 1];
  const bottom = fromZero ? 0 : low;
  const room = (high - bottom) * 0.1 || Math.abs(high) * 0.05 || 1;
  return [fromZero ? 0 : low - room, Math.max(high + room, leastTop)];
}

function drawMarks({ ctx, bbox, valToPos, scales }, marks) {
  ctx.save();
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const { at, isBad } of marks) {
    if (at < scales.x.min || at > scales.x.max) continue;
    const x = Math.round(valToPos(at, "x", true));
    ctx.strokeStyle = color(isBad ? "--chart-bad" : "--chart-mark");
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
