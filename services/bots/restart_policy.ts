/**
 * When a bot that exited, or failed to start, is started again.
 *
 * @module
 */

import { type Exit, exitOf, tellExit } from "../../lib/runner/describe_exit.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { RestartMode } from "../documents/restart_mode.ts";
import type { BotCondition } from "./bot_condition.ts";

/** A bot that ran this long was healthy: earlier starts do not count. */
const HEALTHY_AFTER_MS = 10 * 60_000;

/** The decision after a start that has ended. */
export interface Restart {
  /** How long to wait after its end, in ms. */
  readonly delayMs: number;
  /** How many starts in a row the next one makes. */
  readonly attempt: number;
}

/** The last start of a bot, if it failed. */
export interface FailedStart {
  /** Hash of the container that should have started: a failure of another hash does not count. */
  readonly specHash: string;
  /** The `attempt` of the start that failed. */
  readonly attempt: number;
  /** When it failed. */
  readonly failedAt: Date;
  /**
   * Why it failed: the bot's condition until the next try. `waiting` and `blocked` are not the bot's fault and cost no
   * attempt.
   */
  readonly condition: BotCondition & {
    readonly type: "image-missing" | "waiting" | "blocked" | "failed" | "backing-off";
  };
  /** How long to wait for the next try, in ms. @default {as long as its condition says} */
  readonly againInMs?: number;
}

/** The last start of a hash, which is over: when it ended, and what follows. */
export interface LastStart extends Restart {
  /** When it ended, in ms since the epoch. */
  readonly endedAt: number;
  /** The bot's condition until the next start. */
  readonly condition: (until: Date) => BotCondition;
  /** Set if no start follows by itself: the container that stays, and the bot's condition. */
  readonly final?: FinalEnd;
}

/** An end after which the bot is not started again by itself. */
export interface FinalEnd {
  /** The engine's id of the container. It stays: nothing else records that the bot has ended. */
  readonly containerId: string;
  /** The bot's condition. */
  readonly condition: BotCondition & { readonly type: "completed" | "failed" };
}

/**
 * Decides on the next start: after 1 s, doubling to 5 min, and back to 1 s after 10 min of health.
 *
 * @param attempt How many starts in a row there were, including the one that is over; at least 1.
 * @param ranForMs How long it ran, in ms; 0 if it failed to start.
 * @returns When to start again, and as which start in a row.
 */
export function restartPolicy(attempt: number, ranForMs: number): Restart {
  const inARow = ranForMs >= HEALTHY_AFTER_MS ? 1 : Math.max(1, attempt);
  return { delayMs: backoffMs(inARow, RETRY.crash), attempt: inARow + 1 };
}

/**
 * Finds the last start of a bot. Containers carry their own count, so it is known after a restart of Berth, too.
 *
 * @param specHash The spec that should run: starts of anything else do not count.
 * @param over Containers of the bot that do not run, newest first.
 * @param failedStart Its last failed start.
 * @param mode Whether it is started again after an exit. A failed start is always repeated.
 * @returns The later of the two; `undefined` if there was none.
 */
export function lastStart(
  specHash: string,
  over: readonly ManagedContainer[],
  failedStart: FailedStart | undefined,
  mode: RestartMode = "always",
): LastStart | undefined {
  const exited = over.find((bot) => bot.specHash === specHash);
  const crash = exited && fromExit(exited, mode);
  if (failedStart?.specHash !== specHash) return crash;
  return crash && crash.endedAt > failedStart.failedAt.getTime() ? crash : fromFailure(failedStart);
}

/**
 * Turns a container that was stopped for writing too much to disk into a failed start. That outlives the container,
 * whose files are not kept until the next start.
 *
 * @param bot The container.
 */
export function stoppedForDisk(bot: ManagedContainer): FailedStart {
  const { specHash } = bot;
  const { finishedAt, restart } = endOf(bot);
  return {
    specHash,
    attempt: restart.attempt - 1,
    failedAt: finishedAt,
    condition: { type: "failed", message: tellExit(exitOf(bot)) },
  };
}

/**
 * Turns a container that the watchdog has stopped into a failed start, so that the next one waits as after a crash.
 *
 * @param bot The container.
 * @param exit How it ended, and what was wrong with it.
 * @param failedAt When it ended.
 */
export function stoppedByWatchdog(bot: ManagedContainer, exit: Exit, failedAt: Date): FailedStart {
  const { restart } = endOf({ ...bot, finishedAt: failedAt });
  return {
    specHash: bot.specHash,
    attempt: restart.attempt - 1,
    failedAt,
    condition: { type: "backing-off", until: failedAt, ...exit, nextAttempt: restart.attempt },
  };
}

function endOf(bot: ManagedContainer): { readonly finishedAt: Date; readonly restart: Restart } {
  const { createdAt, startedAt = createdAt, finishedAt = startedAt, attempt } = bot;
  return { finishedAt, restart: restartPolicy(attempt, finishedAt.getTime() - startedAt.getTime()) };
}

function fromExit(bot: ManagedContainer, mode: RestartMode): LastStart {
  const { finishedAt, restart } = endOf(bot);
  const final = finalEnd(bot, mode, finishedAt);
  if (bot.diskUse) return { ...fromFailure(stoppedForDisk(bot)), ...(final && { final }) };
  return {
    ...restart,
    endedAt: finishedAt.getTime(),
    condition: (until) => ({ type: "backing-off", until, ...exitOf(bot), nextAttempt: restart.attempt }),
    ...(final && { final }),
  };
}

/** Whether the bot has ended for good, and how it counts. */
function finalEnd(bot: ManagedContainer, mode: RestartMode, endedAt: Date): FinalEnd | undefined {
  const { containerId, exitCode, diskUse } = bot;
  const isGood = exitCode === 0 && !diskUse;
  if (mode === "always" || (mode === "on-failure" && !isGood)) return undefined;
  if (isGood) return { containerId, condition: { type: "completed", endedAt } };
  const message = `${tellExit(exitOf(bot))}; it is not started again (restart: ${mode})`;
  return { containerId, condition: { type: "failed", message, endedAt } };
}

function fromFailure({ attempt, failedAt, condition, againInMs }: FailedStart): LastStart {
  const restart = condition.type === "waiting" || condition.type === "blocked"
    ? { attempt, delayMs: againInMs ?? backoffMs(1, RETRY.unavailable) }
    : restartPolicy(attempt, 0);
  return { ...restart, endedAt: failedAt.getTime(), condition: (until) => ({ ...condition, until }) };
}
