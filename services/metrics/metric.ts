/**
 * The common part of counters, gauges and histograms: series by their labels.
 *
 * @module
 */

import { type Labelled, type Labels, writeLabels } from "./metric_labels.ts";

/** A line of a page. */
export interface Sample {
  /** The suffix of the metric's name, for example `_sum`. */
  readonly suffix: string;
  /** Upper bound of a bucket; may be infinite. Only buckets have it. */
  readonly le?: number;
  /** The other labels, as {@linkcode writeLabels} writes them. */
  readonly labels: string;
  /** The value. */
  readonly value: number;
}

/** A metric as a page shows it. */
export interface MetricFamily {
  /** Its name; that of a counter ends in `_total`. */
  readonly name: string;
  /** Its meaning. */
  readonly help: string;
  /** Its type. */
  readonly type: "counter" | "gauge" | "histogram";
  /** Gives its samples, those of a series one after another. */
  samples(): Iterable<Sample>;
}

/** The definition of a metric. */
export interface MetricOptions<L extends string> {
  /** Its name. */
  readonly name: string;
  /** Its meaning. */
  readonly help: string;
  /** Names of its labels. */
  readonly labelNames: readonly L[];
}

/** A metric whose series are values of the type `V`. A metric without labels has one series from the beginning. */
export abstract class Metric<L extends string, V> implements MetricFamily {
  /** {@inheritDoc MetricFamily.type} */
  abstract readonly type: MetricFamily["type"];
  /** {@inheritDoc MetricFamily.name} */
  readonly name: string;
  /** {@inheritDoc MetricFamily.help} */
  readonly help: string;
  /** The series, by their labels as they are written. */
  protected readonly series = new Map<string, V>();
  readonly #labelNames: readonly L[];
  readonly #first: () => V;

  /**
   * @param options See {@linkcode MetricOptions}.
   * @param first Makes the value that a series begins with.
   */
  constructor({ name, help, labelNames }: MetricOptions<L>, first: () => V) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
    this.#first = first;
    this.reset();
  }

  /** {@inheritDoc MetricFamily.samples} */
  abstract samples(): Iterable<Sample>;

  /** Removes all series. That of a metric without labels begins again. */
  reset(): void {
    this.series.clear();
    if (this.#labelNames.length === 0) this.series.set("", this.#first());
  }

  /** Removes a series, until it is reported again. @param args Its labels. */
  remove(...args: Labelled<L, []>): void {
    this.series.delete(this.read(args).key);
  }

  /** Splits arguments into the key of a series and the number after its labels. */
  protected read(args: readonly unknown[]): { readonly key: string; readonly number: number | undefined } {
    // `Labelled` says what is where.
    if (this.#labelNames.length === 0) return { key: "", number: args[0] as number | undefined };
    const [labels, number] = args as [Labels<L>, number | undefined];
    return { key: writeLabels(this.#labelNames, labels), number };
  }

  /** Gives the value of a series, or the one that it begins with. */
  protected current(key: string): V {
    return this.series.get(key) ?? this.#first();
  }
}
