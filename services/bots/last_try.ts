/**
 * How the last start of a bot ended, and what follows from that.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { BotCondition } from "./bot_condition.ts";
import { crashPolicy, type Restart } from "./crash_policy.ts";

/** Wait after a start that failed because something other than the bot was missing, in ms. It does not grow. */
const UNAVAILABLE_DELAY_MS = 5000;

/** The last start of a bot, when it failed. */
export interface FailedStart {
  /** What was to be started: a failure of another hash does not count. */
  readonly specHash: string;
  /** The `attempt` of the start that failed. */
  readonly attempt: number;
  /** When it failed. */
  readonly failedAt: Date;
  /**
   * Why: it stays the bot's condition until the next try. `waiting` and `blocked` are not the bot's fault and cost no
   * attempt.
   */
  readonly condition: BotCondition & { readonly type: "image-missing" | "waiting" | "blocked" | "failed" };
}

/** The last start of this hash, which is over: when it ended, and what follows. */
export interface LastTry extends Restart {
  /** When it ended, in ms since the epoch. */
  readonly endedAt: number;
  /** What the bot does until the next one. */
  readonly condition: (until: Date) => BotCondition;
}

/**
 * Finds the last start of a bot. Containers carry their own count, so it is known after a restart of Berth too.
 *
 * @param specHash What should run: starts of anything else do not count.
 * @param over Containers of the bot that do not run, newest first.
 * @param failedStart Its last failed start.
 * @returns The later of the two; `undefined` if there was none.
 */
export function lastTry(
  specHash: string,
  over: readonly ManagedContainer[],
  failedStart: FailedStart | undefined,
): LastTry | undefined {
  const exited = over.find((bot) => bot.specHash === specHash);
  const crash = exited && fromExit(exited);
  if (failedStart?.specHash !== specHash) return crash;
  return crash && crash.endedAt > failedStart.failedAt.getTime() ? crash : fromFailure(failedStart);
}

function fromExit(bot: ManagedContainer): LastTry {
  const { createdAt, startedAt = createdAt, finishedAt = startedAt, attempt } = bot;
  const restart = crashPolicy(attempt, finishedAt.getTime() - startedAt.getTime());
  const { exitCode, oomKilled, memoryBytes } = bot;
  const exit = {
    ...(exitCode !== undefined && { exitCode }),
    ...(oomKilled && { oomKilled, ...(memoryBytes !== undefined && { memoryBytes }) }),
  };
  return {
    ...restart,
    endedAt: finishedAt.getTime(),
    condition: (until) => ({ type: "backing-off", until, ...exit, nextAttempt: restart.attempt }),
  };
}

function fromFailure({ attempt, failedAt, condition }: FailedStart): LastTry {
  const restart = condition.type === "waiting" || condition.type === "blocked"
    ? { attempt, delayMs: UNAVAILABLE_DELAY_MS }
    : crashPolicy(attempt, 0);
  return { ...restart, endedAt: failedAt.getTime(), condition: (until) => ({ ...condition, until }) };
}
