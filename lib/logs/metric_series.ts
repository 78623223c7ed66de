/**
 * The metrics that bots print: a line of stdout that is a JSON object with a string `_metric` is one.
 *
 * @module
 */

import { parseExactJson } from "../util/exact_json.ts";
import { type HeadlineMetric, headlineOf } from "./headline_metric.ts";

/** A metric that a bot has printed. */
export interface Metric {
  /** When it was printed: RFC 3339, by the engine's clock. */
  readonly time: string;
  /** Its name, the value of `_metric`. */
  readonly type: string;
  /** Its other fields, as the bot printed them; an integer beyond 2^53 is a `bigint`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Metrics of a bot. */
export interface BotMetrics {
  /** Number of metrics since this process began, by type. */
  readonly counts: Readonly<Record<string, number>>;
  /** The last metric of each type. */
  readonly latest: Readonly<Record<string, Metric>>;
  /** The last metrics of all types, oldest first. */
  readonly recent: readonly Metric[];
}

/** Options of {@linkcode MetricSeries}. */
export interface MetricSeriesOptions {
  /** Number of recent metrics kept per bot. @default {500} */
  readonly recent?: number;
  /** Number of types kept per bot; later ones count as `(other)`. @default {100} */
  readonly types?: number;
  /** Length of the longest line that is kept, in characters; longer ones are only counted. @default {4096} */
  readonly maxLength?: number;
  /** Types that are kept of every bot, however many others it prints. @default {none} */
  readonly always?: readonly string[];
}

interface Kept {
  readonly counts: Map<string, number>;
  readonly latest: Map<string, Metric>;
  readonly recent: Metric[];
}

const OTHER = "(other)";

/** A string that every line of a metric contains. */
export const METRIC_MARK = '"_metric"';

/** Longest name of a metric, and of a field, in characters. A line with a longer name is no metric. */
export const MAX_METRIC_NAME = 200;

/** Keeps the latest metrics of each bot and a bounded number of recent ones. */
export class MetricSeries {
  readonly #options: Required<MetricSeriesOptions>;
  readonly #bots = new Map<string, Kept>();

  /** @param options See {@linkcode MetricSeriesOptions}. */
  constructor(options: MetricSeriesOptions = {}) {
    this.#options = { recent: 500, types: 100, maxLength: 4096, always: [], ...options };
  }

  /**
   * Records a line of a bot if it is a metric.
   *
   * @param id Id of the bot.
   * @param time When it was printed.
   * @param line The line.
   * @returns Whether it is a metric.
   */
  record(id: string, time: string, line: string): boolean {
    const metric = parseMetric(time, line);
    if (!metric) return false;
    const kept: Kept = this.#bots.get(id) ?? { counts: new Map(), latest: new Map(), recent: [] };
    this.#bots.set(id, kept);
    const { types, always } = this.#options;
    const isKnown = kept.counts.has(metric.type) || kept.counts.size < types || always.includes(metric.type);
    const type = isKnown ? metric.type : OTHER;
    kept.counts.set(type, (kept.counts.get(type) ?? 0) + 1);
    if (line.length > this.#options.maxLength || !isKnown) return true;
    kept.latest.set(type, metric);
    kept.recent.push(metric);
    if (kept.recent.length > this.#options.recent) kept.recent.shift();
    return true;
  }

  /**
   * Returns the metrics of a bot.
   *
   * @param id Id of the bot.
   * @returns A copy; empty if the bot has printed none.
   */
  of(id: string): BotMetrics {
    const kept = this.#bots.get(id);
    return structuredClone({
      counts: Object.fromEntries(kept?.counts ?? []),
      latest: Object.fromEntries(kept?.latest ?? []),
      recent: kept?.recent ?? [],
    });
  }

  /**
   * Returns the one number that a list shows of a bot.
   *
   * @param id Id of the bot.
   * @param count How many of its last values.
   */
  headline(id: string, count: number): HeadlineMetric | undefined {
    return headlineOf(this.#bots.get(id)?.recent ?? [], count);
  }

  /**
   * Returns the last metric of one type of a bot.
   *
   * @param id Id of the bot.
   * @param type Its type.
   * @returns The metric itself, not a copy; `undefined` if the bot has printed none.
   */
  latest(id: string, type: string): Metric | undefined {
    return this.#bots.get(id)?.latest.get(type);
  }

  /** Forgets a bot. @param id Its id. */
  forget(id: string): void {
    this.#bots.delete(id);
  }
}

/**
 * Reads a metric.
 *
 * @param time When the line was printed.
 * @param line The line.
 * @returns The metric, without fields whose names are longer than {@linkcode MAX_METRIC_NAME}; `undefined` if the line is
 * not a metric.
 */
export function parseMetric(time: string, line: string): Metric | undefined {
  if (!line.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = parseExactJson(line);
  } catch {
    return undefined;
  }
  const { _metric: type, ...fields } = value as Record<string, unknown>;
  if (typeof type !== "string" || type === "" || type.length > MAX_METRIC_NAME) return undefined;
  // Most lines are too short for a name that is too long.
  if (line.length > MAX_METRIC_NAME) {
    for (const name of Object.keys(fields)) if (name.length > MAX_METRIC_NAME) delete fields[name];
  }
  return { time, type, fields };
}
