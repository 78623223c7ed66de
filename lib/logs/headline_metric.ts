/**
 * Chooses the one number of a bot that a list shows: its headline.
 *
 * @module
 */

import type { Metric } from "./metric_series.ts";

/** The headline of a bot. */
export interface HeadlineMetric {
  /** Type of the metric. */
  readonly type: string;
  /** Field of the metric. */
  readonly field: string;
  /** Its last values, the oldest first. */
  readonly values: readonly number[];
}

/** Names of headline metrics, the most important one first. */
const TELLING = ["equity", "nav", "portfolio_value", "balance", "pnl", "profit"];
/** The field that most bots put the number into. */
const USUAL_FIELD = "value";

/**
 * Chooses a headline: a metric or a field with a telling name, else the first number that the bot printed.
 *
 * @param recent The last metrics of the bot, the oldest first.
 * @param count How many values to give.
 * @returns `undefined` if no metric has a number.
 */
export function headlineOf(recent: readonly Metric[], count: number): HeadlineMetric | undefined {
  let best: { type: string; field: string; rank: number } | undefined;
  const seen = new Set<string>();
  for (const { type, fields } of recent) {
    if (seen.has(type)) continue;
    seen.add(type);
    for (const [field, value] of Object.entries(fields)) {
      if (!isNumber(value)) continue;
      const rank = Math.min(rankOf(type) + (field === USUAL_FIELD ? 0 : 0.5), rankOf(field) + 0.5);
      if (!best || rank < best.rank) best = { type, field, rank };
    }
  }
  if (!best) return undefined;
  const { type, field } = best;
  const values: number[] = [];
  for (let at = recent.length - 1; at >= 0 && values.length < count; at--) {
    const value = recent[at]!.type === type ? recent[at]!.fields[field] : undefined;
    if (isNumber(value)) values.push(Number(value));
  }
  return { type, field, values: values.reverse() };
}

function rankOf(name: string): number {
  const at = TELLING.indexOf(name.toLowerCase());
  return at < 0 ? TELLING.length : at;
}

function isNumber(value: unknown): boolean {
  return typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value));
}
