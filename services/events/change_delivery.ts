/**
 * Delivers changes to the subscriber that applies them.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { BotEventHandlers } from "./bot_events.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import type { Clock } from "../../lib/util/clock.ts";

/** How many changes, each of another bot, are applied at the same time. They mostly wait for the database. */
export const MAX_CONCURRENT_CHANGES = 64;
/** When to redeliver a change that has to wait for an earlier one of its document, in ms. */
const RETRY_BEHIND_MS = 300;
/** How long beyond its wait a failed event may take to come again, in ms; then later events overtake it. */
const REDELIVERY_TIMEOUT_MS = 15_000;

/** Options of {@linkcode ChangeDelivery}. */
export interface ChangeDeliveryOptions {
  /** Applies a change. */
  readonly onChange: BotEventHandlers["onChange"];
  /** The clock. */
  readonly clock: Clock;
  /** Gives numbers from 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Ends the delivery. */
  readonly signal: AbortSignal;
}

/**
 * Delivers the changes of one document one at a time, and those of a stream in order: a later change waits until the
 * earlier one is applied, because a change need not name every field. While changes fail, it slows down and delivers
 * only one change at a time.
 */
export class ChangeDelivery {
  readonly #options: ChangeDeliveryOptions;
  readonly #bots = new KeyedMutex();
  readonly #limit = new Limiter(MAX_CONCURRENT_CHANGES);
  readonly #probe = new Limiter(1);
  readonly #log = getLogger(["berth", "events"]);
  /** The earliest failed event of each document, and when it is overdue. */
  readonly #refused = new Map<string, { readonly sequence: number; readonly until: number }>();
  #failures = 0;
  #failedAt = 0;

  constructor(options: ChangeDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Delivers a change after the earlier ones of its bot.
   *
   * @param change The change.
   * @param attempt How many times it has been delivered, including this one.
   * @returns `undefined` if it was applied; otherwise when to deliver it again, in ms.
   * @throws the signal's reason if the signal is aborted before the change's turn.
   */
  deliver(change: BotChange, attempt: number): Promise<number | undefined> {
    const { signal } = this.#options;
    const apply = () => this.#apply(change, attempt);
    const applyInTurn = () => this.#failures > 0 ? this.#probe.run(apply, signal) : apply();
    return this.#bots.run(change.id, () => this.#limit.run(applyInTurn, signal));
  }

  async #apply(change: BotChange, attempt: number): Promise<number | undefined> {
    const { onChange, random, clock } = this.#options;
    if (this.#isBehind(change)) return RETRY_BEHIND_MS;
    await this.#pause();
    const before = this.#failures;
    const { sequence } = change.order;
    try {
      await onChange(change);
      this.#failures = 0;
      if (sequence !== undefined && sequence >= (this.#refused.get(change.id)?.sequence ?? Infinity)) {
        this.#refused.delete(change.id);
      }
      return undefined;
    } catch (error) {
      // Changes that fail at the same time count as one failure.
      this.#failures = before + 1;
      this.#failedAt = clock.monotonic();
      const delayMs = Math.round(backoffMs(attempt, { ...RETRY.store, random }));
      if (sequence !== undefined) {
        this.#refused.set(change.id, { sequence, until: this.#failedAt + delayMs + REDELIVERY_TIMEOUT_MS });
      }
      this.#report({ id: change.id, type: change.type, attempt, delayMs, error });
      return delayMs;
    }
  }

  #isBehind({ id, order: { sequence } }: BotChange): boolean {
    const earlier = this.#refused.get(id);
    if (!earlier || sequence === undefined || sequence <= earlier.sequence) return false;
    return this.#options.clock.monotonic() < earlier.until;
  }

  async #pause(): Promise<void> {
    const { clock, signal } = this.#options;
    signal.throwIfAborted();
    if (this.#failures === 0) return;
    const pauseMs = backoffMs(this.#failures, RETRY.delivery);
    const passedMs = clock.monotonic() - this.#failedAt;
    if (passedMs < pauseMs) await clock.sleep(pauseMs - passedMs, signal);
  }

  /** Logs the first failure of a change, and then ever fewer of them. */
  #report(fields: { attempt: number; [name: string]: unknown }): void {
    if ((fields.attempt & (fields.attempt - 1)) === 0) {
      this.#log.warn("An event was not applied; it is delivered again in {delayMs} ms", fields);
    }
  }
}
