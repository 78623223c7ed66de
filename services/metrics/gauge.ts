/**
 * Numbers that grow and shrink.
 *
 * @module
 */

import { Metric, type MetricOptions, type Sample } from "./metric.ts";
import type { Labelled } from "./metric_labels.ts";

/** Shows numbers as they are. */
export class Gauge<L extends string = never> extends Metric<L, number> {
  /** {@inheritDoc MetricFamily.type} */
  readonly type = "gauge";

  /** @param options See {@linkcode MetricOptions}. */
  constructor(options: MetricOptions<L>) {
    super(options, () => 0);
  }

  /** Sets a series. @param args Its labels, and the number. */
  set(...args: Labelled<L, [value: number]>): void {
    const { key, number } = this.read(args);
    this.series.set(key, number!);
  }

  /** {@inheritDoc MetricFamily.samples} */
  *samples(): Iterable<Sample> {
    for (const [labels, value] of this.series) yield { suffix: "", labels, value };
  }
}
