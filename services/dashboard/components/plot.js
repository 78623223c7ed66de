/** A plot of several series over one axis: lines, bars and points, as programs give them. */

import uPlot from "uplot";
import { useEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { theme } from "../app/theme.js";
import { day, exact, shortTime } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { html } from "./html.js";

const HEIGHT = 260;
const COLORS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"];
const DAY_S = 24 * 3600;
const dark = matchMedia("(prefers-color-scheme: dark)");
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
const axisNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 4, notation: "compact" });

/**
 * @param title Its title. @param series Each `{ name, kind: "line" | "bar" | "scatter", x, y }`, see `readFigures()`.
 * @param axis `time` (s), `number`, or a list of categories that `x` counts.
 */
export function Plot({ title, series, axis }) {
  const place = useRef(null);
  useEffect(() => {
    const { width } = place.current.getBoundingClientRect();
    const plot = new uPlot(
      optionsOf(series, axis, width),
      uPlot.join(besideEachOther(series).map(({ x, y }) => [x, y])),
      place.current,
    );
    const resizing = new ResizeObserver(([{ contentRect }]) =>
      plot.setSize({ width: contentRect.width, height: HEIGHT })
    );
    resizing.observe(place.current);
    // Before it is drawn for the first time it has no scales yet.
    let isDrawn = false;
    const redraw = () => isDrawn && plot.redraw(true, false);
    const stop = effect(() => {
      theme.value;
      redraw();
    });
    isDrawn = true;
    dark.addEventListener("change", redraw);
    return () => {
      stop();
      dark.removeEventListener("change", redraw);
      resizing.disconnect();
      plot.destroy();
    };
  }, [series, axis]);
  return html`
    <section class="panel plot-panel" aria-label=${plainText(title, 200)}>
      <header>
        <h3>${plainText(title, 100)}</h3>
      </header>
      <ul class="legend">${series.map(({ name, kind, y }, at) =>
        html`<li key=${at}><i class=${kind} style=${{
          "--own": `var(${COLORS[at % COLORS.length]})`,
        }} aria-hidden="true"></i>
          ${plainText(name, 80)} <span class="faint">${lastOf(y)}</span></li>`
      )}</ul>
      <div class="plot" ref=${place} aria-hidden="true"></div>
    </section>
  `;
}

function lastOf(values) {
  const last = values.findLast((value) => value !== null);
  return last === undefined ? "no value" : `last ${exact(last)}`;
}

/** Share of a step that the bars of one place fill. */
const FILLED = 0.8;

/** Bars of several series stand side by side. */
function besideEachOther(series) {
  const bars = series.filter(({ kind }) => kind === "bar");
  if (bars.length < 2) return series;
  const step = gapOf(series) * FILLED / bars.length;
  return series.map((one) => {
    const at = bars.indexOf(one);
    if (at < 0) return one;
    return { ...one, x: one.x.map((x) => x + (at - (bars.length - 1) / 2) * step) };
  });
}

/** The least step between two bars of a series. */
function gapOf(series) {
  let least = Infinity;
  for (const { kind, x } of series) {
    if (kind !== "bar") continue;
    for (let at = 1; at < x.length; at++) least = Math.min(least, x[at] - x[at - 1]);
  }
  return Number.isFinite(least) ? least : 1;
}

function optionsOf(series, axis, width) {
  const common = {
    stroke: () => color("--chart-text"),
    grid: { stroke: () => color("--chart-grid"), width: 1 },
    ticks: { show: false },
    font: "11px Inter, system-ui, sans-serif",
  };
  const bars = series.filter(({ kind }) => kind === "bar").length;
  const hasBars = bars > 0;
  // A bar at an edge is as wide as the others.
  const room = hasBars ? gapOf(series) * 0.6 : 0;
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 34, 0, 0],
    cursor: { drag: { x: true, y: false } },
    scales: {
      x: { time: axis === "time", range: (_plot, low, high) => [low - room, high + room] },
      y: { range: (_plot, low, high) => rangeOf(low, high, hasBars) },
    },
    axes: [
      {
        ...common,
        size: 24,
        space: 90,
        ...(Array.isArray(axis) && { incrs: [1, 2, 5, 10, 20, 50, 100, 1000] }),
        values: (_plot, values) => xWords(values, axis),
      },
      {
        ...common,
        size: 58,
        space: 34,
        values: (_plot, values) => values.map((one) => axisNumber.format(one)),
      },
    ],
    series: [{}, ...series.map(({ kind }, at) => seriesOf(kind, COLORS[at % COLORS.length], at, bars))],
  };
}

function seriesOf(kind, token, at, bars) {
  const stroke = () => color(token);
  if (kind === "scatter") {
    return { stroke, paths: () => null, points: { show: true, size: 6, fill: stroke } };
  }
  if (kind === "bar") {
    const fill = () => `color-mix(in srgb, ${color(token)} 55%, transparent)`;
    return { stroke, fill, paths: uPlot.paths.bars({ size: [FILLED / bars, 60] }), points: { show: false } };
  }
  // Curves that lie on each other differ in more than their colour.
  return { stroke, width: 1.6, dash: [[], [7, 4], [2, 3], [9, 3, 2, 3]][at % 4], points: { show: false } };
}

function rangeOf(low, high, hasBars) {
  if (low === null) return [0, 1];
  const least = hasBars ? Math.min(0, low) : low;
  const most = hasBars ? Math.max(0, high) : high;
  const room = (most - least) * 0.06 || Math.abs(most) * 0.05 || 1;
  return [hasBars && least === 0 ? 0 : least - room, hasBars && most === 0 ? 0 : most + room];
}

function xWords(values, axis) {
  if (Array.isArray(axis)) return values.map((at) => plainText(axis[at] ?? "", 14));
  if (axis === "number") return values.map((one) => axisNumber.format(one));
  const isDays = values[1] - values[0] >= DAY_S;
  return values.map((time) => (isDays ? day(time * 1000) : shortTime(time * 1000)));
}
