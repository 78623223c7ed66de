/**
 * Reduces the metrics of a range of time to as many points as a chart can show.
 *
 * @module
 */

import type { Metric } from "./metric_series.ts";

/** A summary of the metrics in one part of the range. */
export interface MetricPoint {
  /** When the last of them was printed, in ms since the epoch. */
  readonly time: number;
  /** The last value. */
  readonly last: number;
  /** The smallest value. */
  readonly min: number;
  /** The largest value. */
  readonly max: number;
}

/** The numbers in one field of one type of metric. */
export interface MetricRangeSeries {
  /** Type of the metric. */
  readonly type: string;
  /** Name of the field. */
  readonly field: string;
  /** Its points, oldest first; parts of the range without a number have none. */
  readonly points: MetricPoint[];
}

/** Options of a {@linkcode MetricRange}. */
export interface MetricRangeOptions {
  /** Start of the range, in ms since the epoch. */
  readonly from: number;
  /** End of the range, in ms since the epoch; after `from`. */
  readonly to: number;
  /** Number of equal parts of the range: the most points of a series. */
  readonly points: number;
  /** Most series; the first ones count. @default {50} */
  readonly maxSeries?: number;
}

interface Series {
  readonly type: string;
  readonly field: string;
  readonly points: { readonly part: number; point: MetricPoint }[];
}

/** Takes metrics in the order of their times, and keeps the points of each series. */
export class MetricRange {
  readonly #options: Required<MetricRangeOptions>;
  readonly #series = new Map<string, Series>();
  #isCut = false;

  /** @param options See {@linkcode MetricRangeOptions}. */
  constructor(options: MetricRangeOptions) {
    this.#options = { maxSeries: 50, ...options };
  }

  /** Whether there were more series than are kept. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The series, by type and field. */
  get series(): MetricRangeSeries[] {
    return [...this.#series.values()].map(({ type, field, points }) => ({
      type,
      field,
      points: points.map(({ point }) => point),
    })).sort((a, b) => compare(a.type, b.type) || compare(a.field, b.field));
  }

  /** Adds a metric. Fields without a number, and metrics outside the range, are ignored. @param metric The metric. */
  add({ time, type, fields }: Metric): void {
    const { from, to, points } = this.#options;
    const at = Date.parse(time);
    if (!(at >= from && at < to)) return;
    const part = Math.floor((at - from) / (to - from) * points);
    for (const [field, value] of Object.entries(fields)) {
      if (typeof value !== "number" && typeof value !== "bigint") continue;
      const number = Number(value);
      // JSON has no infinity, but numbers that are too large.
      const points = Number.isFinite(number) ? this.#seriesOf(type, field)?.points : undefined;
      if (points) addPoint(points, part, at, number);
    }
  }

  #seriesOf(type: string, field: string): Series | undefined {
    const key = JSON.stringify([type, field]);
    const known = this.#series.get(key);
    if (known) return known;
    if (this.#series.size >= this.#options.maxSeries) {
      this.#isCut = true;
      return undefined;
    }
    const series: Series = { type, field, points: [] };
    this.#series.set(key, series);
    return series;
  }
}

/** Adds a value: to the last point, if it is of the same part. */
function addPoint(points: Series["points"], part: number, time: number, value: number): void {
  const last = points.at(-1);
  if (last?.part !== part) {
    points.push({ part, point: { time, last: value, min: value, max: value } });
    return;
  }
  const { min, max } = last.point;
  last.point = { time, last: value, min: Math.min(min, value), max: Math.max(max, value) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
