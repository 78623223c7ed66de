/**
 * The status of every bot and the metrics of the service, for API and log.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import type { Exit } from "../../lib/runner/describe_exit.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import type { BotStatus, RunningBot, StopReason } from "./bot_condition.ts";
import { BotTable } from "./bot_table.ts";

/** Counters since the start of this process, and current values. */
export interface BotServiceMetrics {
  /** Passes over bots, and the time they took. */
  readonly reconciles: { readonly count: number; readonly lastMs: number; readonly totalMs: number };
  /** Live containers. */
  readonly activeContainers: number;
  /** Containers started, including restarts. */
  readonly starts: number;
  /** Starts that failed. */
  readonly failedStarts: number;
  /** Containers started after an exit or a failed start. */
  readonly restarts: number;
  /** Containers stopped. */
  readonly stops: number;
  /** Bots that wait for a worker. */
  readonly queueDepth: number;
  /** Time from the publication of the last event until it was stored, in ms; absent if there was none. */
  readonly eventLagMs?: number;
}

/**
 * Called when the status of a bot changes. Called synchronously, so it must return soon and must not throw.
 *
 * @param id Id of the bot.
 * @param bot A copy of its status; `undefined` if the bot is gone.
 */
export type BotListener = (id: string, bot: RunningBot | undefined) => void;

/** A container of a bot. */
interface ActiveContainer {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** How many starts in a row there were, including that of the container. */
  readonly attempt: number;
}

/** Something that happened to a bot. */
export type BotActivity =
  & {
    /** Id of the bot. */
    readonly id: string;
    /** When it happened. */
    readonly at: Date;
  }
  & (
    /** Its document was written or removed, by a call or an event. */
    | { readonly type: "document"; readonly change: BotChange["type"]; readonly version?: string }
    /** A container was started. */
    | { readonly type: "started" } & ActiveContainer
    /** A container ended by itself, or at a limit. */
    | { readonly type: "exited"; readonly startedAt: Date; readonly exit: Exit } & ActiveContainer
    /** The service stopped a container. */
    | {
      readonly type: "stopped";
      readonly startedAt: Date;
      readonly exit: Exit;
      readonly why: StopReason;
      /** The cause of the reason, in words, for example `as its configuration changed`. */
      readonly cause?: string;
      /** Whether it had to be killed, as it did not end within its grace period. @default {false} */
      readonly isKilled?: boolean;
    } & ActiveContainer
  );

/** The end of a bot's container. */
export type BotEnd = Extract<BotActivity, { readonly type: "exited" | "stopped" }>;

/**
 * Called when something happened to a bot. Called synchronously, so it must return soon and must not throw.
 *
 * @param activity The event that happened.
 */
export type BotActivityListener = (activity: BotActivity) => void;

/** Options of a {@linkcode ServiceState}. */
export interface ServiceStateOptions {
  /** The bots. @default {a table of its own} */
  readonly bots?: BotTable;
  /** Gives the number of bots that wait for a worker. @default {0} */
  readonly queueDepth?: () => number;
  /** The clock. @default {the machine's} */
  readonly clock?: Clock;
}

/** The bots' status, and metrics. The class copies all values that go in and out, so callers cannot change them. */
export class ServiceState {
  readonly #queueDepth: () => number;
  readonly #clock: Clock;
  readonly #bots: BotTable;
  readonly #listeners = new Set<BotListener>();
  readonly #activityListeners = new Set<BotActivityListener>();
  readonly #reconciles = { count: 0, lastMs: 0, totalMs: 0 };
  readonly #counts = { starts: 0, failedStarts: 0, restarts: 0, stops: 0 };
  #eventLagMs: number | undefined;

  /** @param options See {@linkcode ServiceStateOptions}. */
  constructor(
    { bots = new BotTable(), queueDepth = () => 0, clock = systemClock }: ServiceStateOptions = {},
  ) {
    this.#bots = bots;
    this.#queueDepth = queueDepth;
    this.#clock = clock;
  }

  /**
   * Sets the status of a bot; replaces the previous one.
   *
   * @param status The status.
   */
  setRunningBot(status: BotStatus): void {
    const now = new Date(this.#clock.now());
    const before = this.#bots.get(status.id)?.status;
    const isSameType = before?.condition.type === status.condition.type;
    const conditionSince = isSameType ? before.conditionSince : now;
    const bot = { ...structuredClone(status), conditionSince, updatedAt: now };
    this.#bots.update(status.id, { status: bot });
    const hasChanged = !before || !isDeepStrictEqual(bot, { ...before, updatedAt: now });
    if (hasChanged) this.#notify(status.id);
  }

  /**
   * Calls a listener whenever the status of a bot changes. A status that is set again unchanged is ignored.
   *
   * @param listener See {@linkcode BotListener}.
   * @returns A function that unsubscribes it.
   */
  subscribe(listener: BotListener): () => void {
    // Wrapped, so that the same function can be subscribed twice.
    const own: BotListener = (id, bot) => listener(id, bot);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /**
   * Gives the status of a bot.
   *
   * @param id Its id.
   * @returns A copy; `undefined` if the bot is unknown.
   */
  getRunningBot(id: string): RunningBot | undefined {
    return structuredClone(this.#bots.get(id)?.status);
  }

  /** Gives a copy of every bot's status, in the order of their ids. */
  getAllRunningBots(): RunningBot[] {
    return structuredClone(this.#statuses().sort((a, b) => a.id < b.id ? -1 : 1));
  }

  /**
   * Forgets a bot that is gone, with all else that the table holds of it.
   *
   * @param id Its id.
   * @returns Whether it had a status.
   */
  removeRunningBot(id: string): boolean {
    const wasKnown = this.#bots.get(id)?.status !== undefined;
    this.#bots.delete(id);
    if (wasKnown) this.#notify(id);
    return wasKnown;
  }

  /**
   * Counts what happened to a bot, and tells the listeners.
   *
   * @param activity The event that happened.
   */
  report(activity: BotActivity): void {
    if (activity.type === "stopped") this.#counts.stops++;
    if (activity.type === "started") {
      this.#counts.starts++;
      if (activity.attempt > 1) this.#counts.restarts++;
    }
    for (const listener of this.#activityListeners) listener(activity);
  }

  /**
   * Calls a listener for all that happens to bots from now on. An exit may be reported again after a restart of the
   * service, because the exited container is still there.
   *
   * @param listener See {@linkcode BotActivityListener}.
   * @returns A function that unsubscribes it.
   */
  subscribeActivity(listener: BotActivityListener): () => void {
    const own: BotActivityListener = (activity) => listener(activity);
    this.#activityListeners.add(own);
    return () => this.#activityListeners.delete(own);
  }

  /** Counts a failed start. */
  countFailedStart(): void {
    this.#counts.failedStarts++;
  }

  /**
   * Counts a pass over a bot.
   *
   * @param durationMs How long it took, in ms.
   */
  countReconcile(durationMs: number): void {
    this.#reconciles.count++;
    this.#reconciles.lastMs = durationMs;
    this.#reconciles.totalMs += durationMs;
  }

  /**
   * Sets how late the last event was stored.
   *
   * @param lagMs Time since its publication, in ms.
   */
  setEventLag(lagMs: number): void {
    this.#eventLagMs = lagMs;
  }

  /** Gives a copy of the metrics. */
  getMetrics(): BotServiceMetrics {
    return {
      reconciles: { ...this.#reconciles },
      activeContainers: this.#statuses().filter(({ containerId }) => containerId !== undefined).length,
      ...this.#counts,
      queueDepth: this.#queueDepth(),
      ...(this.#eventLagMs !== undefined && { eventLagMs: this.#eventLagMs }),
    };
  }

  #statuses(): RunningBot[] {
    return [...this.#bots.entries()].flatMap(([, { status }]) => status ?? []);
  }

  #notify(id: string): void {
    for (const listener of this.#listeners) listener(id, this.getRunningBot(id));
  }
}
