/**
 * Plans what to do so that one bot is as its document says. Pure: no I/O, no clock.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { describeForeign } from "../../lib/runner/standing_containers.ts";
import { type BotCondition, FITTING_NODE, type StopReason } from "./bot_condition.ts";
import type { DesiredState } from "./desired_state.ts";
import type { RefusalStop, RunRefusal } from "./run_gate.ts";
import type { Trouble } from "./run_health.ts";
import { type FailedStart, type FinalEnd, type LastStart, lastStart } from "./restart_policy.ts";

/**
 * How long a container may stay created and not started, in ms. A bot has one start at a time, so an older one is left
 * over from a start that a crash interrupted.
 */
const PENDING_LIMIT_MS = 10_000;
/** How often to query a container that neither runs nor has exited, in ms. */
const PENDING_POLL_MS = 1000;
/** How often to query one that starts by itself, or whose host is gone, in ms: a hint usually comes sooner. */
const DISTANT_POLL_MS = 5000;

/** The actual state of a bot. */
export interface ActualState {
  /**
   * Containers of this bot, including those of other document stores. Without the times of its start and end, which only
   * `Runner.findContainers` gives, an exited container counts as one that exited when it was created.
   */
  readonly containers: readonly ManagedContainer[];
  /** Its last start, if it failed. */
  readonly failedStart?: FailedStart;
  /** A restart that was asked for and not yet carried out. */
  readonly restart?: AskedRestart;
  /** The problem that the watchdog has found. */
  readonly unwell?: { readonly containerId: string; readonly trouble: Trouble };
}

/**
 * A restart that somebody asked for. It names the container to replace: a later one is the result of the restart, so the
 * wish cannot be carried out twice.
 */
export interface AskedRestart {
  /** The engine's id of the container to stop; absent if none was live, so that only the wait for the next start ends. */
  readonly containerId?: string;
}

/** One step of a plan. */
export type Action =
  /** Stop a container, save its logs, remove it. */
  | { readonly type: "stop"; readonly containerId: string; readonly reason: StopReason } & StopWords
  /** Remove a container that does not run. */
  | { readonly type: "remove"; readonly containerId: string }
  /** Start a container; `attempt` counts the starts in a row. */
  | { readonly type: "start"; readonly attempt: number };

/** More about a stop than its reason. */
export type StopWords = Omit<RefusalStop, "why">;

type WantedRun = DesiredState & { readonly kind: "run" };

/** The actions for a bot, and its condition. */
export interface Plan {
  /** Steps in order. If one fails, the rest must not be taken. */
  readonly actions: readonly Action[];
  /** The bot's condition during the steps; `undefined` if the bot is gone. */
  readonly condition: BotCondition | undefined;
  /** The bot's condition after all steps have succeeded; `undefined` if the bot is gone. */
  readonly settled: BotCondition | undefined;
  /** The live container that stays, if there is one. */
  readonly keeps?: ManagedContainer;
  /** When to plan again after the steps, in ms; absent if only a change requires it. */
  readonly againInMs?: number;
}

/**
 * Compares the desired state of a bot with the actual one.
 *
 * At most one container of a bot is ever live: a container is started only in a pass that finds no live one, and one
 * that has to be replaced is stopped in a pass of its own, so that the document is read again after its grace period.
 *
 * @param desired The desired state.
 * @param actual The actual state.
 * @param now The time in ms since the epoch, by the same clock as the containers' times.
 * @returns The steps and the bot's condition.
 */
export function plan(desired: DesiredState, actual: ActualState, now: number): Plan {
  const all = actual.containers.filter(({ kind }) => kind === "bot").sort(newestFirst);
  const bots = all.filter(({ isForeign }) => !isForeign);
  const foreign = all.find(({ isForeign }) => isForeign);
  // A container of another store is never touched. Beside it, this store's own containers are stopped and removed.
  if (foreign && bots.length === 0 && isInTheWay(desired)) {
    return unchanged({ type: "blocked", reason: describeForeign(foreign) });
  }
  switch (desired?.kind) {
    case "run":
      return planRun(desired, bots, actual, now);
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
    case "refused":
      return planRefused(desired.refusal, bots);
    case "disabled":
      return planNone("disabled", { type: "disabled" }, bots);
    case undefined:
      return planNone("no document", undefined, bots);
  }
}

/** Tells whether a container of another store blocks the bot: it takes the name, or belongs to a bot unknown here. */
function isInTheWay(desired: DesiredState): boolean {
  return desired === undefined || desired.kind === "run";
}

/** Without a stop, what runs keeps running. Nothing is started either way. */
function planRefused({ condition, stop }: RunRefusal, bots: readonly ManagedContainer[]): Plan {
  if (!stop) return unchanged(condition, bots.find(isLive));
  const { why, ...words } = stop;
  return planNone(why, condition, bots, words);
}

function planNone(
  reason: StopReason,
  settled: BotCondition | undefined,
  bots: readonly ManagedContainer[],
  words: StopWords = {},
): Plan {
  const actions = bots.filter(({ phase, isGone }) => phase !== "lost" || isGone).map((bot): Action =>
    isLive(bot) && bot.phase !== "pending" ? { ...stop(bot, reason), ...words } : remove(bot)
  );
  const lost = bots.find(isOutOfSight);
  const after = lost ? hostOf(lost) : settled;
  const again = lost ? { againInMs: lookAgainIn(lost) } : {};
  return {
    actions,
    condition: actions.length > 0 ? { type: "stopping", reason } : after,
    settled: after,
    ...again,
  };
}

function planRun(
  { specHash, restart: mode }: WantedRun,
  bots: readonly ManagedContainer[],
  { failedStart, restart, unwell }: Omit<ActualState, "containers">,
  now: number,
): Plan {
  const live = bots.filter((bot) => isLive(bot) && !isStuck(bot, now));
  const over = bots.filter((bot) => bot.phase === "exited" || bot.isGone || isStuck(bot, now));
  const wanted = live.filter((bot) =>
    bot.specHash === specHash && !bot.isCodeLost && !bot.haveSecretsChanged && !isToRestart(bot, restart)
  );
  const kept = wanted.find(({ phase }) => phase === "running") ?? wanted[0];
  if (kept && unwell?.containerId === kept.containerId) return planStopUnwell(kept, live, unwell.trouble);
  if (kept) return planKeep(kept, live, over, now);
  if (live.length > 0) return planReplace(specHash, live, { failedStart, restart }, now);
  const lost = bots.find(isOutOfSight);
  // It may still run out of sight: a second one would trade twice.
  if (lost) return { ...unchanged(hostOf(lost)), againInMs: lookAgainIn(lost) };
  // A requested restart ignores the backoff of earlier exits. A start that failed since the request counts.
  // The loss of a host is not the bot's fault: the next start does not wait.
  const ended = restart ? [] : over.filter(({ isGone }) => !isGone);
  const last = lastStart(specHash, ended, failedStart, mode);
  return last?.final ? planFinal(last.final, over) : planStart(last, over, now);
}

function planKeep(
  kept: ManagedContainer,
  live: readonly ManagedContainer[],
  over: readonly ManagedContainer[],
  now: number,
): Plan {
  const condition = conditionOf(kept);
  const others = live.filter((bot) => bot !== kept).map((bot): Action =>
    stop(bot, bot.specHash === kept.specHash ? "duplicate" : "replaced")
  );
  const actions = [...others, ...over.map(remove)];
  const again = kept.phase === "running" ? {} : { againInMs: pollIn(kept, now) };
  return { actions, condition, settled: condition, keeps: kept, ...again };
}

function conditionOf({ phase, isPaused, attempt, reason }: ManagedContainer): BotCondition {
  if (phase === "running") return { type: isPaused ? "paused" : "running" };
  // A cluster says why it cannot place a container.
  return phase === "starting" && reason !== undefined
    ? { type: "waiting", for: `${FITTING_NODE}: ${reason}` }
    : { type: "starting", attempt };
}

/** The crash policy decides when it starts again. */
function planStopUnwell(
  unwell: ManagedContainer,
  live: readonly ManagedContainer[],
  { type, message }: Trouble,
): Plan {
  const actions = live.map((bot): Action =>
    bot === unwell ? { ...stop(bot, type), cause: message } : stop(bot, "duplicate")
  );
  const condition = { type: "stopping", reason: type } as const;
  return { actions, condition, settled: condition, againInMs: 0 };
}

/** The new version is prepared before the old one is stopped, so that the old one keeps running if that fails. */
function planReplace(
  specHash: string,
  live: readonly ManagedContainer[],
  { failedStart, restart }: Pick<ActualState, "failedStart" | "restart">,
  now: number,
): Plan {
  const last = lastStart(specHash, [], failedStart);
  const dueAt = last ? last.endedAt + last.delayMs : now;
  if (last && dueAt > now) {
    return { ...unchanged(last.condition(new Date(dueAt)), live[0]), againInMs: dueAt - now };
  }
  const whyStopped = (bot: ManagedContainer): StopReason => {
    if (bot.specHash !== specHash) return "replaced";
    if (isToRestart(bot, restart)) return "restart asked for";
    return bot.isCodeLost ? "code lost" : "secrets changed";
  };
  const isRestart = live.some((bot) => whyStopped(bot) === "restart asked for");
  return {
    actions: live.map((bot) => stop(bot, whyStopped(bot))),
    condition: { type: "stopping", reason: isRestart ? "restart asked for" : "replaced" },
    settled: { type: "starting", attempt: 1 },
    againInMs: 0,
  };
}

/** The container that has ended stays: it tells, also after a restart of Berth or the engine, that the bot has ended. */
function planFinal({ containerId, condition }: FinalEnd, over: readonly ManagedContainer[]): Plan {
  const actions = over.filter((bot) => bot.containerId !== containerId).map(remove);
  return { ...unchanged(condition), actions };
}

function planStart(last: LastStart | undefined, over: readonly ManagedContainer[], now: number): Plan {
  const dueAt = last ? last.endedAt + last.delayMs : now;
  if (last && dueAt > now) {
    // A container that filled the disk is removed at once.
    const actions = over.filter(({ diskUse }) => diskUse).map(remove);
    return { ...unchanged(last.condition(new Date(dueAt))), actions, againInMs: dueAt - now };
  }
  const attempt = last?.attempt ?? 1;
  return {
    // Removed only now: until the name is needed, the exited container keeps its count and its last lines.
    actions: [...over.map(remove), { type: "start", attempt }],
    condition: { type: "starting", attempt },
    settled: { type: "running" },
  };
}

function unchanged(condition: BotCondition, keeps?: ManagedContainer): Plan {
  return { actions: [], condition, settled: condition, ...(keeps && { keeps }) };
}

function stop({ containerId }: ManagedContainer, reason: StopReason): Action & { readonly type: "stop" } {
  return { type: "stop", containerId, reason };
}

function remove({ containerId }: ManagedContainer): Action {
  return { type: "remove", containerId };
}

/** Whether nobody knows if it still runs. */
function isOutOfSight({ phase, isGone }: ManagedContainer): boolean {
  return phase === "lost" && !isGone;
}

/** The next one starts as soon as it may, and earlier if its host is back. */
function lookAgainIn({ goneInMs = DISTANT_POLL_MS }: ManagedContainer): number {
  return Math.min(goneInMs, DISTANT_POLL_MS);
}

/** Tells whether a container runs or is about to. */
function isLive({ phase }: ManagedContainer): boolean {
  return phase === "running" || phase === "starting" || phase === "pending";
}

function isToRestart({ containerId }: ManagedContainer, restart: AskedRestart | undefined): boolean {
  return restart?.containerId === containerId;
}

function isStuck({ phase, createdAt }: ManagedContainer, now: number): boolean {
  return phase === "pending" && now - createdAt.getTime() >= PENDING_LIMIT_MS;
}

function pollIn({ phase, createdAt }: ManagedContainer, now: number): number {
  if (phase === "starting") return DISTANT_POLL_MS;
  if (phase !== "pending") return PENDING_POLL_MS;
  return Math.min(PENDING_POLL_MS, createdAt.getTime() + PENDING_LIMIT_MS - now);
}

function hostOf({ reason }: ManagedContainer): BotCondition {
  return { type: "waiting", for: `the host of its container to come back${reason ? `: ${reason}` : ""}` };
}

/** Breaks ties by id, so that the same containers always give the same plan. */
function newestFirst(a: ManagedContainer, b: ManagedContainer): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.containerId < b.containerId ? -1 : 1);
}
