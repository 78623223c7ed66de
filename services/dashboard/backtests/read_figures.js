/**
 * Reads what a result plots: figures in Plotly's form (`{ data: [trace, …], layout }`) or single traces
 * (`{ name, type, x, y }`). Anything else that a program writes there is named and not drawn.
 */

import { asText } from "../text/as_text.js";

const DRAWN = new Set(["line", "bar", "scatter", "scattergl"]);
/** Points of a series that are drawn. */
const MAX_POINTS = 50_000;

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const listOf = (value) => (Array.isArray(value) ? value : []);
const text = (value) => (typeof value === "string" ? value : isObject(value) ? text(value.text) : undefined);

/**
 * @param plots The value of the result's `plots`.
 * @returns `figures`, each `{ title, axis, series }` as `Plot` takes them, and `others`: `{ title, kind }` of what is not drawn.
 */
export function readFigures(plots) {
  const figures = [];
  const others = [];
  const given = isObject(plots) && !Array.isArray(plots.data)
    ? Object.entries(plots).map(([title, figure]) => (isObject(figure) ? { title, ...figure } : figure))
    : Array.isArray(plots)
    ? plots
    : plots === undefined
    ? []
    : [plots];
  given.forEach((one, at) => {
    const figure = isObject(one) ? one : {};
    const isFigure = Array.isArray(figure.data);
    const traces = isFigure ? figure.data : [figure];
    const title = text(figure.layout?.title) ?? text(figure.title) ?? text(figure.name) ?? `Plot ${at + 1}`;
    const found = traces.map((trace, index) => readTrace(isObject(trace) ? trace : {}, index));
    for (const { kind, isDrawn } of found) if (!isDrawn) others.push({ title, kind });
    const drawn = found.filter(({ isDrawn }) => isDrawn);
    if (drawn.length > 0) figures.push({ title, ...onOneAxis(drawn) });
  });
  return { figures, others };
}

/** Plotly's `scatter` is a line unless its mode says otherwise. */
function readTrace(trace, index) {
  const type = text(trace.type) ?? "scatter";
  const y = listOf(trace.y).slice(0, MAX_POINTS).map(toNumber);
  if (!DRAWN.has(type) || !Array.isArray(trace.y)) {
    return { isDrawn: false, kind: DRAWN.has(type) ? `${type} without y` : type };
  }
  const kind = type === "bar"
    ? "bar"
    : type !== "line" && text(trace.mode) === "markers"
    ? "scatter"
    : "line";
  const x = Array.isArray(trace.x) ? trace.x.slice(0, y.length) : y.map((_, at) => at);
  y.length = x.length;
  return { isDrawn: true, kind, name: text(trace.name) ?? `Series ${index + 1}`, x, y };
}

const toNumber = (value) => {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
};

const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

function onOneAxis(traces) {
  const all = traces.flatMap(({ x }) => x);
  if (all.every((one) => typeof one === "string" && DATE.test(one))) {
    return { axis: "time", series: traces.map((trace) => placed(trace, (one) => Date.parse(one) / 1000)) };
  }
  if (all.every((one) => toNumber(one) !== null)) {
    return { axis: "number", series: traces.map((trace) => placed(trace, toNumber)) };
  }
  const categories = [...new Set(all.map(asText))];
  const at = new Map(categories.map((name, index) => [name, index]));
  return { axis: categories, series: traces.map((trace) => placed(trace, (one) => at.get(asText(one)))) };
}

/** Points from left to right, each place once: the last value counts. */
function placed({ kind, name, x, y }, placeOf) {
  const points = new Map(x.map((one, at) => [placeOf(one), y[at]]));
  const sorted = [...points].filter(([at]) => Number.isFinite(at)).sort(([a], [b]) => a - b);
  return { kind, name, x: sorted.map(([at]) => at), y: sorted.map(([, value]) => value) };
}

/** Lays the figures of several results over each other: those of one title, each series with the name of its result. */
export function overlaid(results) {
  const byTitle = new Map();
  for (const { name, figures } of results) {
    for (const { title, axis, series } of figures) {
      const key = `${title}\n${Array.isArray(axis) ? "categories" : axis}`;
      const named = series.map((one) => ({
        ...one,
        name: series.length === 1 ? name : `${name} · ${one.name}`,
      }));
      const before = byTitle.get(key);
      // Categories of two results may differ: the second ones are counted by the names of the first.
      if (before && Array.isArray(axis)) {
        const all = [...new Set([...before.axis, ...axis])];
        const moved = named.map((one) => placed({ ...one }, (at) => all.indexOf(axis[at])));
        byTitle.set(key, { title, axis: all, series: [...before.series, ...moved] });
      } else byTitle.set(key, { title, axis, series: [...before?.series ?? [], ...named] });
    }
  }
  return [...byTitle.values()];
}
