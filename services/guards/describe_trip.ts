/**
 * Explains why a guard has tripped.
 *
 * @module
 */

import type { Latch } from "./latch.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import type { GuardState } from "./evaluate_guard.ts";

/**
 * Describes a trip.
 *
 * @param rule The rule.
 * @param why Whether the value is beyond the limit, or there is none.
 * @param state The state that the guard remembers.
 * @returns For example `equity.value 8 below 10`.
 */
export function describeTrip(
  rule: GuardRule,
  why: "limit" | "missing",
  { value, peak }: Pick<GuardState, "value" | "peak">,
): string {
  const { metric, when, limit, forSeconds } = rule;
  const what = rule.field === undefined ? metric : `${metric}.${rule.field}`;
  if (why === "missing") return `no number of ${what} for ${rule.onMissing!.afterSeconds} s`;
  const lasting = forSeconds > 0 ? ` for ${forSeconds} s` : "";
  const shown = value === undefined ? "?" : shortNumber(value);
  switch (when) {
    case "below":
    case "above":
      return `${what} ${shown} ${when} ${limit}${lasting}`;
    case "drawdown_pct":
      return `${what} ${value === undefined ? "?" : shortPercent(value)}% under its peak ${
        shortNumber(peak ?? NaN)
      }, limit ${limit}%${lasting}`;
    case "rate_per_minute":
      return `${what} ${shown} a minute above ${limit}${lasting}`;
  }
}

/** Shows a percentage: six digits tell it from its limit. */
function shortPercent(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Shows a number without the noise of binary fractions. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(10)));
}

/**
 * Returns the numbers of a trip, as a latch keeps them.
 *
 * @param rule The guard.
 * @param why The cause of the trip.
 * @param state Its numbers then.
 */
export function tripNumbers(
  { limit }: Pick<GuardRule, "limit">,
  why: "limit" | "missing",
  { value, peak }: Pick<GuardState, "value" | "peak">,
): Pick<Latch, "value" | "peak" | "limit"> {
  return {
    ...(why === "limit" && value !== undefined && { value }),
    ...(peak !== undefined && { peak }),
    limit,
  };
}
