/**
 * Describes guards in lines for people.
 *
 * @module
 */

import type { ShownGuard, ShownLatch, ShownRelease } from "../../services/contract/guards.ts";
import { formatDuration } from "./duration.ts";

/**
 * Describes guards, a line each.
 *
 * @param guards The guards.
 * @param now Current time in ms since the epoch.
 * @returns For example `equity  ok: equity.value 812, stop below 800, 3 s ago`.
 */
export function describeGuards(guards: readonly ShownGuard[], now: number): string[] {
  const width = Math.max(...guards.map(({ name }) => name.length));
  return guards.map((guard) => `${guard.name.padEnd(width)}  ${describeGuard(guard, now)}`);
}

function describeGuard(guard: ShownGuard, now: number): string {
  const { state, value, valueAt, peak, oddity, onMissing, latch, action } = guard;
  const what = guard.field === undefined ? guard.metric : `${guard.metric}.${guard.field}`;
  return [
    `${state}: ${what} ${
      value === undefined ? "has no number yet" : `${short(value, guard.when)}${unitOf(guard)}`
    }`,
    ...(peak === undefined ? [] : [`peak ${short(peak)}`]),
    `${action} ${limitOf(guard)}`,
    ...(onMissing ? [`${onMissing.action} after ${onMissing.afterSeconds} s without a number`] : []),
    ...(latch && action === "alert" ? ["latched"] : []),
    ...(valueAt === undefined ? [] : [`last number ${ago(valueAt, now)} ago`]),
    ...(oddity === undefined ? [] : [`its last value is no number (${oddity})`]),
  ].join(", ");
}

/**
 * Describes what holds a bot, with the last lines before it.
 *
 * @param latch The latch.
 * @param now Current time in ms since the epoch.
 */
export function describeLatch(
  { guard, at, text, action, lastLines, isStored }: ShownLatch,
  now: number,
): string[] {
  const effect = action === "stop" ? "holds the bot" : "only notifies";
  return [
    `${guard}  tripped at ${at} (${ago(at, now)} ago), ${effect}: ${text}`,
    ...(isStored ? [] : ["  The database has not taken it yet; a file in DATA_DIR keeps it until then."]),
    ...lastLines.map((line) => `  | ${line}`),
  ];
}

/**
 * Describes the last release of a guard.
 *
 * @param release The release.
 * @param now Current time in ms since the epoch.
 */
export function describeRelease({ guard, at, by, reason, text }: ShownRelease, now: number): string {
  return `${guard}  by ${by} ${ago(at, now)} ago: ${reason} (it had tripped: ${text})`;
}

/**
 * Describes a bot's guards in a cell of a table.
 *
 * @param guards The guards.
 */
export function guardCell(guards: readonly ShownGuard[] | undefined): string | undefined {
  return guards?.map((guard) =>
    `${guard.name} ${guard.state} ${guard.value === undefined ? "-" : short(guard.value, guard.when)}`
  )
    .join(", ");
}

function ago(time: string, now: number): string {
  return formatDuration(Math.max(0, now - Date.parse(time)));
}

function limitOf({ when, limit, forSeconds }: ShownGuard): string {
  const lasting = forSeconds > 0 ? ` for ${forSeconds} s` : "";
  switch (when) {
    case "below":
    case "above":
      return `${when} ${limit}${lasting}`;
    case "drawdown_pct":
      return `beyond ${limit}% under the peak${lasting}`;
    case "rate_per_minute":
      return `above ${limit} a minute${lasting}`;
  }
}

function unitOf({ when }: ShownGuard): string {
  if (when === "drawdown_pct") return "% under the peak";
  return when === "rate_per_minute" ? " a minute" : "";
}

/**
 * Shows a number without the noise of binary fractions.
 *
 * @param value The number.
 * @param when The quantity that it is compared with. @default the number itself
 */
export function short(value: number, when?: ShownGuard["when"]): string {
  return String(Number(value.toPrecision(when === "drawdown_pct" ? 6 : 10)));
}
