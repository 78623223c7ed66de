/**
 * Judges how a watched deployment does. Pure.
 *
 * @module
 */

import { type BotCondition, describeCondition } from "../bots/bot_condition.ts";

/** How a bot does. */
export interface WatchedBot {
  /** Its condition. */
  readonly condition: BotCondition;
  /** Since when its condition is of this type. */
  readonly conditionSince: Date;
  /** Whether its condition is that of the document, and not of one before. */
  readonly isCurrent: boolean;
}

/** The judgement: it is too early to tell, it does well, or it does not. */
export type WatchVerdict =
  | { readonly type: "wait" | "well" }
  | { readonly type: "broken"; readonly reason: string };

/** Ends in a row after which a bot crash-loops. */
const MAX_ENDS = 3;
/** How long a bot may fail to start, in ms: what is not its own fault passes, or is another condition. */
const FAILED_MS = 15_000;
/** Conditions under which the bot cannot run as it was deployed. */
const FAILURES: readonly BotCondition["type"][] = [
  "failed",
  "invalid",
  "image-missing",
  "silent",
  "unhealthy",
  "latched",
];

/**
 * Judges a bot.
 *
 * @param bot How it does; `undefined` if no service looks after it, or not yet.
 * @param watch When the watch began and ends: RFC 3339.
 * @param now Current time in ms since the epoch.
 */
export function judgeWatch(
  bot: WatchedBot | undefined,
  { from, until }: { readonly from: string; readonly until: string },
  now: number,
): WatchVerdict {
  const isOver = now >= Date.parse(until);
  if (!bot) return { type: isOver ? "well" : "wait" };
  const { condition, conditionSince, isCurrent } = bot;
  if (condition.type === "backing-off" && isCurrent) {
    const ends = condition.nextAttempt - 1;
    if (ends < MAX_ENDS && !isOver) return { type: "wait" };
    const times = ends === 1 ? "once" : `${ends} times in a row`;
    return { type: "broken", reason: `it ended ${times}: ${describeCondition(condition)}` };
  }
  const isFailing = FAILURES.includes(condition.type);
  // An earlier failure may have been that of the version before.
  const failsSince = Math.max(conditionSince.getTime(), Date.parse(from));
  if (isFailing && (isOver || now - failsSince >= FAILED_MS)) {
    return { type: "broken", reason: describeCondition(condition) };
  }
  return { type: isOver ? "well" : "wait" };
}
