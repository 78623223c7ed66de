/**
 * Events inside one process: the default where there is no bus.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import type { BotEventHandlers, BotEvents, BotEventsStatus } from "./bot_events.ts";
import { ChangeDelivery } from "./change_delivery.ts";
import { ChangeQueue } from "./change_queue.ts";
import { guardHandlers } from "./guard_handlers.ts";

/** Options of {@linkcode InProcessBotEvents}. */
export interface InProcessBotEventsOptions {
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
  /** From 0 up to 1. @default {Math.random} */
  readonly random?: () => number;
  /** How many changes wait at most. @default {10_000} */
  readonly limit?: number;
  /** How long the end waits for a change that is being applied, in ms. @default {5_000} */
  readonly disposeMs?: number;
}

/**
 * Delivers what is published in this process. Changes that come before the subscriber does wait for it. One
 * that it does not take is given again later; only those of the same bot wait behind it.
 */
export class InProcessBotEvents implements BotEvents {
  readonly #options: Required<Omit<InProcessBotEventsOptions, "limit">>;
  readonly #end = new AbortController();
  readonly #queue: ChangeQueue;
  #running: Promise<void> | undefined;

  /** @param options See {@linkcode InProcessBotEventsOptions}. */
  constructor(options: InProcessBotEventsOptions = {}) {
    const { clock = systemClock, random = Math.random, disposeMs = 5_000, limit } = options;
    this.#options = { clock, random, disposeMs };
    this.#queue = new ChangeQueue({ clock, signal: this.#end.signal, ...(limit !== undefined && { limit }) });
  }

  /**
   * Publishes a change.
   *
   * @param change The change.
   * @returns Resolves, and never rejects, once the subscriber has taken it: `true`. `false` when it never will:
   * this was disposed, or too many changes wait.
   */
  publish(change: BotChange): Promise<boolean> {
    return this.#queue.add(structuredClone(change)) ?? Promise.resolve(false);
  }

  /** {@inheritDoc BotEvents.subscribe} */
  subscribe(handlers: BotEventHandlers): void {
    const { signal } = this.#end;
    signal.throwIfAborted();
    if (this.#running) throw new TypeError("There is a subscriber already");
    const { clock, random } = this.#options;
    const { onChange, onGap } = guardHandlers(handlers);
    const delivery = new ChangeDelivery({ onChange, clock, random, signal });
    // Not before this call is over.
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

  /** Ends the delivery and waits, within bounds, for the change that is being applied. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new DOMException("The events have been closed.", "AbortError"));
    const { disposeMs, clock } = this.#options;
    if (this.#running) await settledWithin(this.#running, disposeMs, clock);
  }
}
