/**
 * What the bot service knows of its bots and of itself, for its API, its metrics and its log.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { BotCondition } from "./bot_condition.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";

/** What is told of a bot. */
export interface BotStatus {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id of its live container; absent when there is none. */
  readonly containerId?: string;
  /** Hash of everything that shapes that container. */
  readonly specHash?: string;
  /** How many starts in a row there were, that container's included. */
  readonly attempt?: number;
  /** When that container was started. */
  readonly startedAt?: Date;
  /** What the bot is doing. */
  readonly condition: BotCondition;
  /** What is odd about its document and does not keep it from running, a line each; absent when nothing is. */
  readonly notes?: readonly string[];
}

/** What is known of a bot. */
export interface RunningBot extends BotStatus {
  /** Since when its condition is of this type. */
  readonly conditionSince: Date;
  /** When it was last told. */
  readonly updatedAt: Date;
}

/** Counts since the start of this process, and what is now. */
export interface ServiceMetrics {
  /** Bots that were looked at, and the time that it took. */
  readonly reconciles: { readonly count: number; readonly lastMs: number; readonly totalMs: number };
  /** Live containers now. */
  readonly activeContainers: number;
  /** Containers started, restarts among them. */
  readonly starts: number;
  /** Starts that failed. */
  readonly failedStarts: number;
  /** Containers started after an exit or a failed start. */
  readonly restarts: number;
  /** Containers stopped. */
  readonly stops: number;
  /** Bots that wait for a worker now. */
  readonly queueDepth: number;
  /** Time from the last event's publication to its being written, in ms; absent when there was none. */
  readonly eventLagMs?: number;
}

/**
 * Hears that something of a bot has changed. Called at once, so it returns soon and does not throw.
 *
 * @param id Id of the bot.
 * @param bot What is known of it now: a copy; `undefined` when it is no more.
 */
export type BotListener = (id: string, bot: RunningBot | undefined) => void;

/** Options of a {@linkcode ServiceState}. */
export interface ServiceStateOptions {
  /** Says how many bots wait for a worker. @default {0} */
  readonly queueDepth?: () => number;
  /** Clock to go by. @default {the machine's} */
  readonly clock?: Clock;
}

/** Bots and metrics. What goes in and out is copied: nobody can change what others see. */
export class ServiceState {
  readonly #queueDepth: () => number;
  readonly #clock: Clock;
  readonly #bots = new Map<string, RunningBot>();
  readonly #listeners = new Set<BotListener>();
  readonly #reconciles = { count: 0, lastMs: 0, totalMs: 0 };
  readonly #counts = { starts: 0, failedStarts: 0, restarts: 0, stops: 0 };
  #eventLagMs: number | undefined;

  /**
   * Makes an empty one.
   *
   * @param options See {@linkcode ServiceStateOptions}.
   */
  constructor({ queueDepth = () => 0, clock = systemClock }: ServiceStateOptions = {}) {
    this.#queueDepth = queueDepth;
    this.#clock = clock;
  }

  /**
   * Tells what a bot is doing; replaces all that was told of it before.
   *
   * @param status What is told.
   */
  setRunningBot(status: BotStatus): void {
    const now = new Date(this.#clock.now());
    const before = this.#bots.get(status.id);
    const isSame = before?.condition.type === status.condition.type;
    const told = structuredClone(status);
    const bot = { ...told, conditionSince: isSame ? before.conditionSince : now, updatedAt: now };
    this.#bots.set(status.id, bot);
    const isNews = !before || !isDeepStrictEqual(bot, { ...before, updatedAt: now });
    if (isNews) this.#tell(status.id);
  }

  /**
   * Has a listener called whenever what is told of a bot changes. What is told again unchanged is no news.
   *
   * @param listener See {@linkcode BotListener}.
   * @returns Ends it.
   */
  subscribe(listener: BotListener): () => void {
    // Of its own, so that the same function may listen twice.
    const own: BotListener = (id, bot) => listener(id, bot);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /**
   * What is known of a bot.
   *
   * @param id Its id.
   * @returns A copy, or `undefined` when nothing is.
   */
  getRunningBot(id: string): RunningBot | undefined {
    return structuredClone(this.#bots.get(id));
  }

  /** What is known of every bot, in the order of their ids: copies. */
  getAllRunningBots(): RunningBot[] {
    const bots = [...this.#bots.values()].sort((a, b) => a.id < b.id ? -1 : 1);
    return structuredClone(bots);
  }

  /**
   * Forgets a bot that is no more.
   *
   * @param id Its id.
   * @returns Whether anything was known of it.
   */
  removeRunningBot(id: string): boolean {
    const wasKnown = this.#bots.delete(id);
    if (wasKnown) this.#tell(id);
    return wasKnown;
  }

  /**
   * A container was started.
   *
   * @param start Whether it took the place of one that exited, or of a start that failed.
   */
  countStart({ restart }: { readonly restart: boolean }): void {
    this.#counts.starts++;
    if (restart) this.#counts.restarts++;
  }

  /** A start failed. */
  countFailedStart(): void {
    this.#counts.failedStarts++;
  }

  /** A container was stopped. */
  countStop(): void {
    this.#counts.stops++;
  }

  /**
   * A bot was looked at.
   *
   * @param durationMs How long it took, in ms.
   */
  countReconcile(durationMs: number): void {
    this.#reconciles.count++;
    this.#reconciles.lastMs = durationMs;
    this.#reconciles.totalMs += durationMs;
  }

  /**
   * An event was written.
   *
   * @param lagMs Time since its publication, in ms.
   */
  setEventLag(lagMs: number): void {
    this.#eventLagMs = lagMs;
  }

  /** Counts since the start of this process, and what is now: a copy. */
  getMetrics(): ServiceMetrics {
    let activeContainers = 0;
    for (const { containerId } of this.#bots.values()) if (containerId !== undefined) activeContainers++;
    return {
      reconciles: { ...this.#reconciles },
      activeContainers,
      ...this.#counts,
      queueDepth: this.#queueDepth(),
      ...(this.#eventLagMs !== undefined && { eventLagMs: this.#eventLagMs }),
    };
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener(id, this.getRunningBot(id));
  }
}
