/**
 * Numbers that only grow.
 *
 * @module
 */

import { Metric, type MetricOptions, type Sample } from "./metric.ts";
import type { Labelled, Labels } from "./metric_labels.ts";

/** One series of a counter. */
export interface CounterSeries {
  /** Adds to it. @param by How much; by default 1. */
  inc(by?: number): void;
}

/** Options of {@linkcode Counter}. */
export interface CounterOptions<L extends string> extends MetricOptions<L> {
  /** Its name. OpenMetrics demands the ending. */
  readonly name: `${string}_total`;
}

/** Counts up. */
export class Counter<L extends string = never> extends Metric<L, number> {
  /** {@inheritDoc MetricFamily.type} */
  readonly type = "counter";

  /** @param options See {@linkcode CounterOptions}. */
  constructor(options: CounterOptions<L>) {
    super(options, () => 0);
  }

  /**
   * Adds to a series. Adding 0 makes the series appear.
   *
   * @param args Its labels, and how much is added; by default 1.
   * @throws {RangeError} If the number is negative or not a number.
   */
  inc(...args: Labelled<L, [by?: number]>): void {
    const { key, number } = this.read(args);
    this.#add(key, number);
  }

  /** Gives one series. @param labels Its labels. */
  labels(labels: Labels<L>): CounterSeries {
    const { key } = this.read([labels]);
    return { inc: (by) => this.#add(key, by) };
  }

  /** {@inheritDoc MetricFamily.samples} */
  *samples(): Iterable<Sample> {
    for (const [labels, value] of this.series) yield { suffix: "", labels, value };
  }

  #add(key: string, by = 1): void {
    if (!(by >= 0)) throw new RangeError(`Cannot add ${by} to ${this.name}: a counter only grows`);
    this.series.set(key, this.current(key) + by);
  }
}
