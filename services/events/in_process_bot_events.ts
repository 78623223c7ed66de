/**
 * Events within one process: the default without an event bus.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import type { BotEventHandlers, BotEvents, BotEventsStatus } from "./bot_events.ts";
import { ChangeDelivery } from "./change_delivery.ts";
import { ChangeQueue } from "./change_queue.ts";
import { catchHandlerErrors } from "./catch_handler_errors.ts";

/** Options of {@linkcode InProcessBotEvents}. */
export interface InProcessBotEventsOptions {
  /** The clock. @default systemClock */
  readonly clock?: Clock;
  /** Gives numbers from 0 up to 1, for jitter. @default {Math.random} */
  readonly random?: () => number;
  /** How many changes may wait. @default {10_000} */
  readonly limit?: number;
  /** How long disposal waits for changes in delivery, in ms. @default {5_000} */
  readonly disposeMs?: number;
}

/**
 * Delivers changes that are published in this process. Changes that are published before there is a subscriber wait for
 * it. A change that fails is delivered again later; only changes of the same bot wait behind it.
 */
export class InProcessBotEvents implements BotEvents {
  readonly #options: Required<Omit<InProcessBotEventsOptions, "limit">>;
  readonly #end = new AbortController();
  readonly #queue: ChangeQueue;
  #running: Promise<void> | undefined;

  constructor(options: InProcessBotEventsOptions = {}) {
    const { clock = systemClock, random = Math.random, disposeMs = 5_000, limit } = options;
    this.#options = { clock, random, disposeMs };
    this.#queue = new ChangeQueue({ clock, signal: this.#end.signal, ...(limit !== undefined && { limit }) });
  }

  /**
   * Publishes a change.
   *
   * @param change The change.
   * @returns `true` once the subscriber has applied it; `false` if it never will, because this was disposed or too many
   * changes wait. Never rejects.
   */
  publish(change: BotChange): Promise<boolean> {
    return this.#queue.add(structuredClone(change)) ?? Promise.resolve(false);
  }

  /** {@inheritDoc BotEvents.subscribe} */
  subscribe(handlers: BotEventHandlers): void {
    const { signal } = this.#end;
    signal.throwIfAborted();
    if (this.#running) throw new TypeError("The events already have a subscriber");
    const { clock, random } = this.#options;
    const { onChange, onGap } = catchHandlerErrors(handlers);
    const delivery = new ChangeDelivery({ onChange, clock, random, signal });
    // Not inside this call.
    this.#running = Promise.resolve().then(onGap).then(() => this.#queue.run(delivery));
  }

  /** {@inheritDoc BotEvents.caughtUp} */
  caughtUp(): Promise<void> {
    return Promise.resolve();
  }

  /** {@inheritDoc BotEvents.status} */
  status(): BotEventsStatus {
    return { state: "connected", mode: "in-process" };
  }

  /** Ends the delivery and waits, for a limited time, for changes in delivery. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new DOMException("The events have been closed.", "AbortError"));
    const { disposeMs, clock } = this.#options;
    if (this.#running) await settledWithin(this.#running, disposeMs, clock);
  }
}
