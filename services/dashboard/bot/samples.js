/** The figures of one bot: what was measured before and is measured now, and its own metrics from memory and from its log. */

import { signal } from "@preact/signals";
import { botPath, call, request } from "../store/api.js";
import { readObjects } from "../store/read_stream.js";
import { withSample } from "../store/usage.js";

/** Points that are kept of each curve; a screen has no more. */
const MAX_POINTS = 2000;
/** Number of metrics that are distinguished. */
const MAX_METRICS = 60;
/** Number of lines of the log that are read for a longer range of time. */
const MAX_LINES = 50_000;
/** After this long without a measurement, the service may know more, in ms. */
const AWAY_MS = 60_000;
/** Points further apart are not joined, in s. */
const GAP_S = 300;
/** The metrics that traders look at first. */
const TELLING = ["equity", "nav", "portfolio_value", "balance", "pnl", "profit"];

export class Samples {
  /** `{ cpu, memory, metrics: [{ name, data }] }`; `data` is `[times in s, values]`. */
  value = signal({ cpu: [[], []], memory: [[], []], metrics: [] });
  #id;
  #last;
  #measuredAt = 0;
  #cpu = [[], []];
  #memory = [[], []];
  /** Points by name of the metric. */
  #metrics = new Map();
  #latest = "";
  /** Number of metrics that have the latest time. */
  #atLatest = 0;
  #span = 0;

  constructor(id) {
    this.#id = id;
  }

  /** Measures CPU and memory. Earlier measurements of others come first, also after a time without a look. */
  async measure(signal) {
    if (Date.now() - this.#measuredAt > AWAY_MS) await this.#readUsage(signal);
    this.#measuredAt = Date.now();
    const { containers } = await call(botPath(this.#id, "/stats"), { signal });
    const own = containers.find(({ kind }) => kind === "bot");
    const before = this.#last;
    this.#last = own && withSample(before, own);
    const at = own ? Date.parse(own.time) / 1000 : Date.now() / 1000;
    if (before && at <= before.at / 1000) return;
    // While nothing runs there is a gap; the first measurement of all tells no load.
    const isGap = !own || (before && before.containerId !== own.containerId);
    if (isGap || this.#last.cpu !== undefined) add(this.#cpu, at, this.#last?.cpu ?? null);
    add(this.#memory, at, this.#last?.memory ?? null);
    this.#publish();
  }

  async #readUsage(signal) {
    const { points } = await call(botPath(this.#id, "/stats/history"), { signal });
    if (points.length === 0) return;
    this.#last = undefined;
    const first = Date.parse(points[0].time) / 1000;
    this.#cpu = until(this.#cpu, first);
    this.#memory = until(this.#memory, first);
    let before = this.#memory[0].at(-1) ?? Infinity;
    for (const { time, cpu = null, memoryBytes } of points) {
      const at = Date.parse(time) / 1000;
      // Nobody looked meanwhile: the curve does not pretend to know.
      if (at - before > GAP_S) {
        for (const curve of [this.#cpu, this.#memory]) add(curve, at - 0.001, null);
      }
      add(this.#cpu, at, cpu);
      add(this.#memory, at, memoryBytes);
      before = at;
    }
    if (Date.now() / 1000 - before > GAP_S) {
      for (const curve of [this.#cpu, this.#memory]) add(curve, before + 0.001, null);
    }
  }

  /** Reads metrics. @param span How far back, in s. */
  async readMetrics(span, signal) {
    if (span > this.#span) {
      this.#span = span;
      this.#metrics.clear();
      this.#latest = "";
      await this.#readLog(span, signal);
    }
    const { recent } = await call(botPath(this.#id, "/metrics"), { signal });
    this.#addMetrics(recent);
    this.#publish();
  }

  async #readLog(span, signal) {
    const since = new Date(Date.now() - span * 1000).toISOString();
    const query = { q: '"_metric"', since, tail: MAX_LINES };
    const response = await request(botPath(this.#id, "/logs"), { query, signal });
    for await (const lines of readObjects(response)) {
      this.#addMetrics(lines.flatMap(({ time, text }) => {
        try {
          const { _metric: type, ...fields } = JSON.parse(text);
          return typeof type === "string" ? [{ time, type, fields }] : [];
        } catch {
          // It only mentions the word.
          return [];
        }
      }));
    }
  }

  /** Adds those that are new. Several may have the same time. */
  #addMetrics(metrics) {
    let known = this.#atLatest;
    for (const metric of metrics) {
      if (metric.time < this.#latest || (metric.time === this.#latest && known-- > 0)) continue;
      this.#atLatest = metric.time === this.#latest ? this.#atLatest + 1 : 1;
      this.#latest = metric.time;
      this.#addMetric(metric);
    }
  }

  #addMetric({ time, type, fields }) {
    const at = Date.parse(time) / 1000;
    for (const [field, value] of Object.entries(fields)) {
      const number = typeof value === "bigint" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isFinite(number)) continue;
      const name = field === "value" ? type : `${type} ${field}`;
      const data = this.#metrics.get(name) ?? [[], []];
      if (!this.#metrics.has(name)) {
        if (this.#metrics.size >= MAX_METRICS) continue;
        this.#metrics.set(name, data);
      }
      add(data, at, number);
    }
  }

  #publish() {
    const copy = ([times, values]) => [[...times], [...values]];
    const rank = (name) => TELLING.findIndex((word) => name.split(" ").includes(word)) >>> 0;
    this.value.value = {
      cpu: copy(this.#cpu),
      memory: copy(this.#memory),
      metrics: [...this.#metrics].map(([name, data]) => ({ name, data: copy(data) }))
        .sort((a, b) => rank(a.name) - rank(b.name)),
    };
  }
}

/** The points before a time. */
function until([times, values], before) {
  const count = times.findLastIndex((at) => at < before) + 1;
  return [times.slice(0, count), values.slice(0, count)];
}

/** Adds a point; of too many every second one of the older half stays. */
function add([times, values], at, value) {
  if (at < times.at(-1)) return;
  times.push(at);
  values.push(value);
  if (times.length <= MAX_POINTS) return;
  const half = MAX_POINTS / 2;
  for (const list of [times, values]) {
    const older = list.splice(0, half);
    list.unshift(...older.filter((_, index) => index % 2 === 0));
  }
}
