/**
 * What has to be done so that one bot is as its document says. Pure: no I/O, no clock.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { describeForeign } from "../../lib/runner/standing_containers.ts";
import type { BotCondition, StopReason } from "./bot_condition.ts";
import { type FailedStart, lastTry } from "./last_try.ts";

/**
 * How long a container may be created and not started, in ms. Starts of one bot are made one after the other,
 * so one that stays so is the rest of a start that a crash has cut off.
 */
const PENDING_LIMIT_MS = 60_000;
/** How soon to look again at a container that neither runs nor has exited, in ms. */
const PENDING_POLL_MS = 1000;

/**
 * What should be. `undefined`: there is no document.
 *
 * - `run`: a container of this hash.
 * - `disabled`: none.
 * - `invalid`: the document cannot be run. What there is stays as it is: a slip of the pen must not stop a bot
 *   that earns money, and a broken document does not say "stop".
 * - `held`: the document is gone, and it is not sure yet that this is meant. What there is stays as it is.
 */
export type Desired =
  | { readonly kind: "run"; readonly specHash: string }
  | { readonly kind: "disabled" }
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "held"; readonly reason: string }
  | undefined;

/** What there is. */
export interface Actual {
  /**
   * Containers of this bot, also those of another document store. An exited one needs the times of its start and end, which only
   * `Runner.findContainers` tells; without them it counts as one that exited when it was created.
   */
  readonly containers: readonly ManagedContainer[];
  /** Its last start, if that failed. */
  readonly failedStart?: FailedStart;
}

/** One thing to do. */
export type Action =
  /** Stop, save, remove. */
  | { readonly type: "stop"; readonly containerId: string; readonly reason: StopReason }
  /** Remove one that does not run. */
  | { readonly type: "remove"; readonly containerId: string }
  /** Start one, as so many starts in a row. */
  | { readonly type: "start"; readonly attempt: number };

/** What {@linkcode plan} answers. */
export interface Plan {
  /** What to do, in this order. When one fails, those behind it must not be done. */
  readonly actions: readonly Action[];
  /** The bot's condition while that is done; `undefined` when there is nothing to say of it any more. */
  readonly condition: BotCondition | undefined;
  /** The bot's condition once all of it was done well. */
  readonly settled: BotCondition | undefined;
  /** The live container that stays, if there is one. */
  readonly keeps?: ManagedContainer;
  /** When to look again after the actions, in ms; absent when only a change is a reason to. */
  readonly againInMs?: number;
}

/**
 * Compares what should be with what there is.
 *
 * At most one container of a bot is ever live: one is started only in a pass that sees no live one, and an
 * old one that has to be replaced is stopped in a pass of its own, so that the document is read anew after
 * its grace period.
 *
 * @param desired What should be.
 * @param actual What there is.
 * @param now The time in ms since the epoch, by the same clock as the containers' times.
 * @returns What to do, and what to say.
 */
export function plan(desired: Desired, actual: Actual, now: number): Plan {
  const all = actual.containers.filter(({ kind }) => kind === "bot").sort(newestFirst);
  const bots = all.filter(({ isForeign }) => !isForeign);
  const foreign = all.find(({ isForeign }) => isForeign);
  // Another store's container is never touched. What this store says of its own is done beside it, but for a start.
  if (foreign && bots.length === 0 && isInTheWay(desired)) {
    return unchanged({ type: "blocked", reason: describeForeign(foreign) });
  }
  switch (desired?.kind) {
    case "run":
      return planRun(desired.specHash, bots, actual.failedStart, now);
    case "invalid": {
      const keeps = bots.find(isLive);
      const condition = {
        type: "invalid",
        reason: desired.reason,
        stillRunning: keeps !== undefined,
      } as const;
      return unchanged(condition, keeps);
    }
    case "held":
      // Without a container there is nothing to hold.
      if (bots.length === 0) return planNone("no document", undefined, bots);
      return unchanged({ type: "held", reason: desired.reason }, bots.find(isLive));
    case "disabled":
      return planNone("disabled", { type: "disabled" }, bots);
    case undefined:
      return planNone("no document", undefined, bots);
  }
}

/** Of a bot that has no document here, or is to run, a container of another store is what there is to say. */
function isInTheWay(desired: Desired): boolean {
  return desired === undefined || desired.kind === "run";
}

function planNone(
  reason: StopReason,
  settled: BotCondition | undefined,
  bots: readonly ManagedContainer[],
): Plan {
  const actions = bots.filter(({ phase }) => phase !== "lost").map((bot): Action =>
    isLive(bot) && bot.phase !== "pending" ? stop(bot, reason) : remove(bot)
  );
  const lost = bots.find(({ phase }) => phase === "lost");
  const after = lost ? hostOf(lost) : settled;
  return { actions, condition: actions.length > 0 ? { type: "stopping", reason } : after, settled: after };
}

function planRun(
  specHash: string,
  bots: readonly ManagedContainer[],
  failedStart: FailedStart | undefined,
  now: number,
): Plan {
  const live = bots.filter((bot) => isLive(bot) && !isStuck(bot, now));
  const over = bots.filter((bot) => bot.phase === "exited" || isStuck(bot, now));
  const wanted = live.filter((bot) => bot.specHash === specHash && !bot.isCodeLost);
  const kept = wanted.find(({ phase }) => phase === "running") ?? wanted[0];
  if (kept) return planKeep(kept, live, over, now);
  if (live.length > 0) return planReplace(specHash, live, failedStart, now);
  const lost = bots.find(({ phase }) => phase === "lost");
  // It may run where nobody sees it: a second one would trade twice.
  if (lost) return unchanged(hostOf(lost));
  return planStart(specHash, over, failedStart, now);
}

function planKeep(
  kept: ManagedContainer,
  live: readonly ManagedContainer[],
  over: readonly ManagedContainer[],
  now: number,
): Plan {
  const condition: BotCondition = kept.phase === "running"
    ? { type: kept.isPaused ? "paused" : "running" }
    : { type: "starting", attempt: kept.attempt };
  const others = live.filter((bot) => bot !== kept).map((bot): Action =>
    stop(bot, bot.specHash === kept.specHash ? "duplicate" : "replaced")
  );
  const actions = [...others, ...over.map(remove)];
  const again = kept.phase === "running" ? {} : { againInMs: pollIn(kept, now) };
  return { actions, condition, settled: condition, keeps: kept, ...again };
}

/** What is to come is prepared before anything is stopped: while that fails, what runs goes on. */
function planReplace(
  specHash: string,
  live: readonly ManagedContainer[],
  failedStart: FailedStart | undefined,
  now: number,
): Plan {
  const last = lastTry(specHash, [], failedStart);
  const dueAt = last ? last.endedAt + last.delayMs : now;
  if (last && dueAt > now) {
    return { ...unchanged(last.condition(new Date(dueAt)), live[0]), againInMs: dueAt - now };
  }
  return {
    actions: live.map((bot) => stop(bot, bot.specHash === specHash ? "code lost" : "replaced")),
    condition: { type: "stopping", reason: "replaced" },
    settled: { type: "starting", attempt: 1 },
    againInMs: 0,
  };
}

function planStart(
  specHash: string,
  over: readonly ManagedContainer[],
  failedStart: FailedStart | undefined,
  now: number,
): Plan {
  const last = lastTry(specHash, over, failedStart);
  const dueAt = last ? last.endedAt + last.delayMs : now;
  if (last && dueAt > now) {
    return { ...unchanged(last.condition(new Date(dueAt))), againInMs: dueAt - now };
  }
  const attempt = last?.attempt ?? 1;
  return {
    // The name must be free; until then the exited one keeps its count and its last lines.
    actions: [...over.map(remove), { type: "start", attempt }],
    condition: { type: "starting", attempt },
    settled: { type: "running" },
  };
}

function unchanged(condition: BotCondition, keeps?: ManagedContainer): Plan {
  return { actions: [], condition, settled: condition, ...(keeps && { keeps }) };
}

function stop({ containerId }: ManagedContainer, reason: StopReason): Action {
  return { type: "stop", containerId, reason };
}

function remove({ containerId }: ManagedContainer): Action {
  return { type: "remove", containerId };
}

/** It does something, or soon will. */
function isLive({ phase }: ManagedContainer): boolean {
  return phase === "running" || phase === "starting" || phase === "pending";
}

function isStuck({ phase, createdAt }: ManagedContainer, now: number): boolean {
  return phase === "pending" && now - createdAt.getTime() >= PENDING_LIMIT_MS;
}

function pollIn({ phase, createdAt }: ManagedContainer, now: number): number {
  if (phase !== "pending") return PENDING_POLL_MS;
  return Math.min(PENDING_POLL_MS, createdAt.getTime() + PENDING_LIMIT_MS - now);
}

function hostOf({ reason }: ManagedContainer): BotCondition {
  return { type: "waiting", for: `the host of its container to come back${reason ? `: ${reason}` : ""}` };
}

/** Ids break the tie, so that the same containers always give the same plan. */
function newestFirst(a: ManagedContainer, b: ManagedContainer): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.containerId < b.containerId ? -1 : 1);
}
