/**
 * The metrics of one process, and their page.
 *
 * @module
 */

import { Counter, type CounterOptions } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import type { MetricFamily } from "./metric.ts";
import { type MetricsPage, type PageFormat, writePage } from "./write_page.ts";

/** Makes metrics, and prints all that it has made. */
export class MetricFamilies {
  readonly #families = new Map<string, MetricFamily>();
  readonly #collectors: (() => void)[] = [];

  /**
   * Makes a counter.
   *
   * @param name Its name, which ends in `_total`.
   * @param help A description of what it counts.
   * @param labelNames Its labels.
   * @throws {Error} If there is a metric of that name.
   */
  counter<L extends string = never>(
    name: CounterOptions<L>["name"],
    help: string,
    labelNames: readonly L[] = [],
  ): Counter<L> {
    return this.#register(new Counter({ name, help, labelNames }));
  }

  /**
   * Makes a gauge.
   *
   * @param name Its name, which ends in its unit.
   * @param help Its meaning.
   * @param labelNames Its labels.
   * @throws {Error} If there is a metric of that name.
   */
  gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return this.#register(new Gauge({ name, help, labelNames }));
  }

  /**
   * Makes a histogram of durations.
   *
   * @param name Its name, which ends in `_seconds`.
   * @param help A description of what it measures.
   * @param buckets Upper bounds of its buckets, in seconds.
   * @param labelNames Its labels.
   * @throws {Error} If there is a metric of that name.
   */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return this.#register(new Histogram({ name, help, buckets, labelNames }));
  }

  /**
   * Calls a function before each page, to set values that are known elsewhere.
   *
   * @param collect Sets them; must not throw.
   */
  onPage(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /**
   * Prints all metrics.
   *
   * @param format The format.
   */
  page(format: PageFormat): MetricsPage {
    for (const collect of this.#collectors) collect();
    return writePage(this.#families.values(), format);
  }

  #register<T extends MetricFamily>(metric: T): T {
    if (this.#families.has(metric.name)) throw new Error(`There are two metrics ${metric.name}`);
    this.#families.set(metric.name, metric);
    return metric;
  }
}
