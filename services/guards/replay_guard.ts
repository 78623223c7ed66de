/**
 * Determines when a rule would have tripped on lines that a bot has printed.
 *
 * @module
 */

import { parseMetric } from "../../lib/logs/metric_series.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import { describeTrip } from "./describe_trip.ts";
import { beginGuard, evaluateGuard, type GuardInput, type GuardState } from "./evaluate_guard.ts";
import { metricValue } from "./metric_value.ts";

/** A line of a log. */
export interface ReplayLine {
  /** When it was printed: RFC 3339. */
  readonly time: string;
  /** Where the bot printed it. */
  readonly stream: string;
  /** The line. */
  readonly text: string;
}

/** A time at which the rule would have tripped. */
export interface ReplayTrip {
  /** When: RFC 3339. */
  readonly at: string;
  /** Why, for example `equity.value 8 below 10`. */
  readonly text: string;
}

/** The trips that a rule would have caused. */
export interface Replay {
  /** The first trips, in order. After each, the value has to come back before the next. */
  readonly trips: readonly ReplayTrip[];
  /** Number of all trips. */
  readonly tripCount: number;
  /** How many numbers the rule saw. */
  readonly numbers: number;
  /** How many lines of its metric had no number. */
  readonly oddities: number;
  /** When the first and the last number came: RFC 3339; absent if none came. */
  readonly from?: string;
  /** See `from`. */
  readonly to?: string;
  /** The lowest value that was compared with the limit. */
  readonly lowest?: number;
  /** The highest. */
  readonly highest?: number;
}

const MAX_TRIPS = 100;

/**
 * Replays a rule. `on_missing` is left out: a log does not say when the bot was not meant to run.
 *
 * @param rule The rule.
 * @param lines The lines, oldest first.
 */
export async function replayGuard(rule: GuardRule, lines: AsyncIterable<ReplayLine>): Promise<Replay> {
  const { onMissing: _notReplayed, ...replayed } = rule;
  const trips: ReplayTrip[] = [];
  let [tripCount, numbers, oddities, lowest, highest] = [0, 0, 0, Infinity, -Infinity];
  let [from, to]: (string | undefined)[] = [];
  let state: GuardState | undefined;
  let againAt: number | undefined;
  const evaluate = (input: GuardInput) => {
    const next = evaluateGuard(state ??= beginGuard(input.at), input, replayed);
    ({ state, againAt } = next);
    if (next.verdict.type !== "tripped") return;
    tripCount++;
    if (trips.length === MAX_TRIPS) return;
    trips.push({ at: new Date(input.at).toISOString(), text: describeTrip(rule, "limit", state) });
  };
  for await (const { time, stream, text } of lines) {
    if (stream !== "stdout" || !text.includes('"_metric"')) continue;
    const metric = parseMetric(time, text);
    if (metric?.type !== rule.metric) continue;
    const read = metricValue(metric, rule);
    const at = Date.parse(time);
    if ("oddity" in read || Number.isNaN(at)) {
      oddities++;
      continue;
    }
    if (againAt !== undefined && againAt < at) evaluate({ type: "tick", at: againAt });
    evaluate({ type: "value", value: read.value, at });
    numbers++;
    from ??= time;
    to = time;
    const { value } = state!;
    if (value === undefined) continue;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return {
    trips,
    tripCount,
    numbers,
    oddities,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(lowest !== Infinity && { lowest, highest }),
  };
}
