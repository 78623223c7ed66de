/**
 * Numbers, counted by their size.
 *
 * @module
 */

import { Metric, type MetricOptions, type Sample } from "./metric.ts";
import type { Labelled, Labels } from "./metric_labels.ts";

/** One series of a histogram. */
export interface HistogramSeries {
  /** Counts a number. @param value The number. */
  observe(value: number): void;
}

/** Options of {@linkcode Histogram}. */
export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds of its buckets, from small to large, without infinity. */
  readonly buckets: readonly number[];
}

/** How many numbers were in each bucket, the last of which has no bound, and their sum. */
interface Counts {
  readonly counts: number[];
  sum: number;
}

/** Counts numbers by size. */
export class Histogram<L extends string = never> extends Metric<L, Counts> {
  /** {@inheritDoc MetricFamily.type} */
  readonly type = "histogram";
  readonly #bounds: readonly number[];

  /** @param options See {@linkcode HistogramOptions}. */
  constructor({ buckets, ...options }: HistogramOptions<L>) {
    const bounds = [...buckets, Infinity];
    super(options, () => ({ counts: bounds.map(() => 0), sum: 0 }));
    this.#bounds = bounds;
  }

  /**
   * Counts a number.
   *
   * @param args Labels of the series, and the number.
   * @throws {RangeError} If it is not a number: no bucket could take it, and the sum would be lost for good.
   */
  observe(...args: Labelled<L, [value: number]>): void {
    const { key, number } = this.read(args);
    this.#count(key, number!);
  }

  /** Gives one series. @param labels Its labels. */
  labels(labels: Labels<L>): HistogramSeries {
    const { key } = this.read([labels]);
    return { observe: (value) => this.#count(key, value) };
  }

  /** {@inheritDoc MetricFamily.samples} */
  *samples(): Iterable<Sample> {
    for (const [labels, { counts, sum }] of this.series) {
      let total = 0;
      for (const [at, le] of this.#bounds.entries()) {
        total += counts[at]!;
        yield { suffix: "_bucket", le, labels, value: total };
      }
      yield { suffix: "_sum", labels, value: sum };
      yield { suffix: "_count", labels, value: total };
    }
  }

  #count(key: string, value: number): void {
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket === -1) throw new RangeError(`Cannot count ${value} in ${this.name}`);
    const series = this.current(key);
    series.counts[bucket]!++;
    series.sum += value;
    this.series.set(key, series);
  }
}
