/**
 * Reads the metrics of bots from their stored logs.
 *
 * @module
 */

import type { ObjectCallOptions } from "../objects/object_store.ts";
import type { LogStoreReader } from "./log_store_reader.ts";
import { type Metric, parseMetric } from "./metric_series.ts";

/** Which metrics to read. */
export interface StoredMetricsOptions extends ObjectCallOptions {
  /** Only metrics at or after this time. @default all */
  readonly since?: Date;
  /** Only metrics before this time. @default all */
  readonly until?: Date;
}

/** A string that every line of a metric contains. */
const METRIC = '"_metric"';

/**
 * Reads the stored metrics of a bot, oldest first. Lines of other kinds are skipped without being parsed.
 *
 * @param reader Reads the logs.
 * @param id Id of the bot.
 * @param options Which metrics.
 * @throws {ObjectStoreError} If the store does not answer.
 */
export async function* readStoredMetrics(
  reader: Pick<LogStoreReader, "read">,
  id: string,
  options: StoredMetricsOptions = {},
): AsyncGenerator<Metric> {
  for await (const { time, stream, text } of reader.read(id, { ...options, contains: METRIC })) {
    const metric = stream === "stdout" ? parseMetric(time, text) : undefined;
    if (metric) yield metric;
  }
}
