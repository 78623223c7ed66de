/**
 * The parts of prom-client that are used. Its entry point would also load default metrics of Node, a push gateway and
 * clusters, which doubles its memory.
 *
 * @module
 */

import type * as PromClient from "prom-client";
import counter from "prom-client/lib/counter.js";
import gauge from "prom-client/lib/gauge.js";
import histogram from "prom-client/lib/histogram.js";
import registry from "prom-client/lib/registry.js";

/** Counts up. */
export const Counter = counter as typeof PromClient.Counter;
/** Counts up. */
export type Counter = PromClient.Counter;
/** Goes up and down. */
export const Gauge = gauge as typeof PromClient.Gauge;
/** Goes up and down. */
export type Gauge = PromClient.Gauge;
/** Counts values by size. */
export const Histogram = histogram as typeof PromClient.Histogram;
/** Counts values by size. */
export type Histogram = PromClient.Histogram;
/** Prints metrics. */
export const Registry = registry as RegistryClass;

interface RegistryClass {
  readonly PROMETHEUS_CONTENT_TYPE: PromClient.PrometheusContentType;
  readonly OPENMETRICS_CONTENT_TYPE: PromClient.OpenMetricsContentType;
  // The library's own types allow a registry of one format only.
  new (contentType: string): PromClient.Registry<PromClient.RegistryContentType>;
}
