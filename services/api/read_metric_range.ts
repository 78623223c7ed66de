/**
 * Reads the metrics of a bot over a range of time, for a chart.
 *
 * @module
 */

import type { LogStoreReader } from "../../lib/logs/log_store_reader.ts";
import { MetricRange, type MetricRangeOptions, type MetricRangeSeries } from "../../lib/logs/metric_range.ts";
import { METRIC_MARK, parseMetric } from "../../lib/logs/metric_series.ts";

/** Options of {@linkcode readMetricRange}. */
export interface ReadMetricRangeOptions extends MetricRangeOptions {
  /** Only metrics of this type. @default all */
  readonly type?: string | undefined;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/** The result of reading. */
export interface ReadMetricRange {
  /** The series, by type and field. */
  readonly series: MetricRangeSeries[];
  /** Whether series are left out. */
  readonly cut: boolean;
  /** Whether the whole range was read. */
  readonly complete: boolean;
}

/** Longest time to read, in ms. */
const BUDGET_MS = 10_000;

/**
 * Reads the stored metrics of a bot, oldest first, for at most ten seconds.
 *
 * @param reader Reads the logs.
 * @param id Id of the bot.
 * @param options The range.
 * @throws {ObjectStoreError} If the store does not answer.
 */
export async function readMetricRange(
  reader: Pick<LogStoreReader, "read">,
  id: string,
  { type, signal, ...range }: ReadMetricRangeOptions,
): Promise<ReadMetricRange> {
  const points = new MetricRange(range);
  const over = AbortSignal.timeout(BUDGET_MS);
  const times = { since: new Date(range.from), until: new Date(range.to) };
  let complete = true;
  try {
    const either = AbortSignal.any([signal, over]);
    // Lines of other kinds are skipped without being parsed.
    const lines = reader.read(id, { ...times, contains: METRIC_MARK, signal: either });
    for await (const { time, stream, text } of lines) {
      either.throwIfAborted();
      const metric = stream === "stdout" ? parseMetric(time, text) : undefined;
      if (metric && (type === undefined || metric.type === type)) points.add(metric);
    }
  } catch (error) {
    if (!over.aborted || signal.aborted) throw error;
    complete = false;
  }
  return { series: points.series, cut: points.isCut, complete };
}
