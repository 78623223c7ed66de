/**
 * The metrics of one process, and their page in the two formats that Prometheus reads.
 *
 * @module
 */

import { Counter, Gauge, Histogram, Registry } from "./prom_client.ts";

/** The formats of the page. */
export type PageFormat = "text" | "openmetrics";

/** A page of metrics. */
export interface MetricsPage {
  /** Value of the header `content-type`. */
  readonly contentType: string;
  /** The page. */
  readonly body: string;
}

/**
 * Makes metrics, and prints all that it has made. A registry has one format, so there are two, with the same metrics.
 */
export class MetricFamilies {
  readonly #registries = {
    text: new Registry(Registry.PROMETHEUS_CONTENT_TYPE),
    openmetrics: new Registry(Registry.OPENMETRICS_CONTENT_TYPE),
  };
  readonly #counters = new Map<Counter, string>();
  readonly #collectors: (() => void)[] = [];

  /**
   * Makes a counter.
   *
   * @param name Its name, which ends in `_total`.
   * @param help What it counts.
   * @param labelNames Its labels.
   */
  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    const counter = this.#register(new Counter({ name, help, labelNames: [...labelNames], registers: [] }));
    this.#counters.set(counter, name);
    return counter;
  }

  /**
   * Makes a gauge.
   *
   * @param name Its name, which ends in its unit.
   * @param help What it shows.
   * @param labelNames Its labels.
   */
  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.#register(new Gauge({ name, help, labelNames: [...labelNames], registers: [] }));
  }

  /**
   * Makes a histogram of durations.
   *
   * @param name Its name, which ends in `_seconds`.
   * @param help What it measures.
   * @param buckets Upper bounds of its buckets, in seconds.
   * @param labelNames Its labels.
   */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly string[] = [],
  ): Histogram {
    const settings = { name, help, labelNames: [...labelNames], buckets: [...buckets] };
    return this.#register(new Histogram({ ...settings, registers: [] }));
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
  async page(format: PageFormat): Promise<MetricsPage> {
    for (const collect of this.#collectors) collect();
    const registry = this.#registries[format];
    const body = registry.metrics();
    // The library renames counters to print OpenMetrics, for good. It has read the names once the call returns.
    for (const [counter, name] of this.#counters) Object.assign(counter, { name });
    return { contentType: registry.contentType, body: await body };
  }

  #register<T extends Counter | Gauge | Histogram>(metric: T): T {
    for (const registry of Object.values(this.#registries)) registry.registerMetric(metric);
    return metric;
  }
}
