/**
 * Events inside one process, and polled changes that other processes make to the same documents.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { tick } from "../control/tick.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import type { BotEventHandlers, BotEvents, BotEventsStatus } from "./bot_events.ts";
import type { ChangeSource } from "./change_source.ts";
import { catchHandlerErrors } from "./catch_handler_errors.ts";
import { InProcessBotEvents, type InProcessBotEventsOptions } from "./in_process_bot_events.ts";

/** Time between two polls, in ms. */
const DEFAULT_INTERVAL_MS = 500;

/** Options of {@linkcode PolledBotEvents}. */
export interface PolledBotEventsOptions extends InProcessBotEventsOptions {
  /** Time between two polls, in ms. @default {500} */
  readonly intervalMs?: number;
}

/**
 * Delivers changes that are published in this process, and polls for changes of other processes: it delivers their
 * deletions, and reports a gap for everything else.
 */
export class PolledBotEvents implements BotEvents {
  readonly #source: ChangeSource;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #events: InProcessBotEvents;
  readonly #end = new AbortController();
  readonly #log = getLogger(["berth", "events"]);
  #polling: Promise<void> | undefined;

  /** @param source The source to poll. @param options See {@linkcode PolledBotEventsOptions}. */
  constructor(source: ChangeSource, options: PolledBotEventsOptions = {}) {
    const { intervalMs = DEFAULT_INTERVAL_MS, clock = systemClock } = options;
    this.#source = source;
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#events = new InProcessBotEvents(options);
  }

  /** Publishes a change, see {@linkcode InProcessBotEvents.publish}. @param change The change. */
  publish(change: BotChange): Promise<boolean> {
    return this.#events.publish(change);
  }

  /** {@inheritDoc BotEvents.subscribe} */
  subscribe(handlers: BotEventHandlers): void {
    this.#events.subscribe(handlers);
    const { onGap } = catchHandlerErrors(handlers);
    this.#polling = tick("changes", this.#intervalMs, {
      signal: this.#end.signal,
      clock: this.#clock,
      // The resync reports a database that does not answer.
      onError: ({ error }) => this.#log.debug("poll for changes failed", { error }),
    }, () => this.#poll(onGap));
  }

  /** {@inheritDoc BotEvents.caughtUp} */
  caughtUp(): Promise<void> {
    return this.#events.caughtUp();
  }

  /** {@inheritDoc BotEvents.status} */
  status(): BotEventsStatus {
    return this.#events.status();
  }

  /** Ends polling and delivery. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new DOMException("The events have been closed.", "AbortError"));
    await this.#polling;
    await this.#events[Symbol.asyncDispose]();
  }

  async #poll(onGap: () => void): Promise<void> {
    const deletions = await this.#source.poll();
    if (!deletions) return;
    // Not awaited: a deletion that fails is delivered again.
    for (const deletion of deletions) void this.#events.publish(deletion);
    onGap();
  }
}
