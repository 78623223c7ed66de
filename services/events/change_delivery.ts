/**
 * How changes are handed to whoever applies them.
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

/** So many changes, each of another bot, are applied at the same time: most of it is waiting for the database. */
export const MAX_CONCURRENT_CHANGES = 64;
/** When a change is given again that has to wait for an earlier one of its document, in ms. */
const RETRY_BEHIND_MS = 300;
/** An event that was not taken is expected again within so much time beyond its wait, in ms; then others go on. */
const REDELIVERY_TIMEOUT_MS = 15_000;

/** Options of {@linkcode ChangeDelivery}. */
export interface ChangeDeliveryOptions {
  /** Applies a change. */
  readonly onChange: BotEventHandlers["onChange"];
  /** The clock. */
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** No change is given any more. */
  readonly signal: AbortSignal;
}

/**
 * Gives the changes of one document one at a time, and those of a stream in their order: a later one waits until an
 * earlier one was taken, because a change need not name every field. As long as none is taken, it slows down, and gives
 * one at a time of all.
 */
export class ChangeDelivery {
  readonly #options: ChangeDeliveryOptions;
  readonly #bots = new KeyedMutex();
  readonly #limit = new Limiter(MAX_CONCURRENT_CHANGES);
  readonly #probe = new Limiter(1);
  readonly #log = getLogger(["berth", "events"]);
  /** Of each document, its earliest event that was not taken, and until when it should come again. */
  readonly #refused = new Map<string, { readonly sequence: number; readonly until: number }>();
  #failures = 0;
  #failedAt = 0;

  /** @param options See {@linkcode ChangeDeliveryOptions}. */
  constructor(options: ChangeDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Gives a change when those of its bot before it are done.
   *
   * @param change The change.
   * @param attempt The how many-th time it is given, from 1 on.
   * @returns `undefined` when it was taken, else after how many ms it should be given again.
   * @throws the signal's reason when that was aborted before its turn had come.
   */
  give(change: BotChange, attempt: number): Promise<number | undefined> {
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
      // Several that fail at the same time are one failure.
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

  /** The first time, and then ever more rarely. */
  #report(fields: { attempt: number; [name: string]: unknown }): void {
    if ((fields.attempt & (fields.attempt - 1)) === 0) {
      this.#log.warn("An event was not applied; it is given again in {delayMs} ms", fields);
    }
  }
}
