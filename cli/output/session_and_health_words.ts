/**
 * Describes sessions and the watchdog of a bot in lines for people.
 *
 * @module
 */

import type { Bot } from "../../services/contract/bots.ts";
import { describeTime } from "./schedule_words.ts";

/**
 * Describes when a bot with a session runs.
 *
 * @param session The session.
 * @param now Current time in ms since the epoch.
 * @returns For example `XNYS -10m to +5m: closed, opens 2026-11-27T14:20:00Z, in 3h`.
 */
export function describeSession(
  { calendar, startSeconds, endSeconds, state, problem, changes }: NonNullable<Bot["session"]>,
  now: number,
): string {
  const limits = startSeconds === 0 && endSeconds === 0
    ? ""
    : ` open${offset(startSeconds)} to close${offset(endSeconds)}`;
  const [next] = changes;
  const change = next &&
    `${next.to === "inside" ? "begins" : "ends"} ${describeTime(new Date(next.at), now)}`;
  const words = { inside: "in its session", outside: "outside its session", unknown: "not known" }[state];
  return [`${calendar}${limits}: ${problem ?? words}`, change].filter(Boolean).join(", ");
}

/**
 * Describes how the watchdog looks after a bot.
 *
 * @param health Its settings.
 * @returns For example `restart after 30 s without heartbeat`.
 */
export function describeHealth(
  { maxSilenceSeconds, signal, metric, command, intervalSeconds, limit, action }: NonNullable<Bot["health"]>,
): string {
  const what = metric === undefined ? signal : `metric '${metric}'`;
  const silence = maxSilenceSeconds === undefined ? [] : [`${maxSilenceSeconds} s without ${what}`];
  const failures = command
    ? [`${limit} failures in a row of ${command.join(" ")} each ${intervalSeconds} s`]
    : [];
  return `${action} after ${[...silence, ...failures].join(" or ")}`;
}

function offset(seconds: number): string {
  if (seconds === 0) return "";
  const minutes = Math.abs(seconds) / 60;
  return `${seconds < 0 ? "-" : "+"}${Number.isInteger(minutes) ? `${minutes}m` : `${Math.abs(seconds)}s`}`;
}
