/**
 * Describes the end of a bot's container.
 *
 * @module
 */

import { describeExit, describeOwnExit } from "../../lib/runner/describe_exit.ts";
import type { BotEnd } from "./service_state.ts";

/**
 * Describes the end of a bot's container in one line.
 *
 * @param end The end.
 * @returns For example `exit code 1` or `stopped: replaced, as its configuration changed (exit code 143 (SIGTERM))`.
 */
export function describeBotEnd(end: BotEnd): string {
  if (end.type === "exited") return describeOwnExit(end.exit);
  const { why, cause, isKilled } = end;
  const killed = isKilled
    ? "; it did not end within its grace period, stop_grace_seconds, after SIGTERM and was killed"
    : "";
  // The watchdog's causes begin with the reason.
  const reason = cause === undefined ? why : cause.startsWith(why) ? cause : `${why}, ${cause}`;
  return `stopped: ${reason} (${describeExit(end.exit)}${killed})`;
}
