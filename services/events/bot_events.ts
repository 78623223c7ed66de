/**
 * The port to events that report changed documents.
 *
 * @module
 */

import type { BotChange } from "../documents/bot_repository.ts";

/** A subscriber's callbacks. */
export interface BotEventHandlers {
  /** Stores the change and wakes the reconciler. The event is acknowledged if this resolves, redelivered if it rejects. */
  readonly onChange: (change: BotChange) => Promise<void>;
  /** Reports an event that cannot be parsed. It is dropped. */
  readonly onMalformed: (subject: string, problem: string) => void;
  /** Reports that events may have been missed (first connection, reconnection, lost consumer): read all documents. */
  readonly onGap: () => void;
}

/** State of a source of events. */
export type BotEventsStatus =
  | { readonly state: "connecting"; readonly detail: string }
  /** Events that were published while Berth was down are being applied. */
  | { readonly state: "catching-up"; readonly detail: string }
  | { readonly state: "connected"; readonly mode: "jetstream" | "core" | "in-process" };

/** A source of events. */
export interface BotEvents extends AsyncDisposable {
  /**
   * Starts the delivery: the events of a bot one at a time, in order. An unreachable server is tried again until this
   * source is disposed. Returns at once.
   */
  subscribe(handlers: BotEventHandlers): void;
  /**
   * Waits until the events that were published before the subscription have been applied.
   *
   * @returns Never rejects.
   */
  caughtUp(): Promise<void>;
  /** Tells whether events arrive. */
  status(): BotEventsStatus;
}
