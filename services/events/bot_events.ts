/**
 * The port to the events that tell of changed documents.
 *
 * @module
 */

import type { BotChange } from "../documents/bot_repository.ts";

/** What a subscriber is called with. */
export interface BotEventHandlers {
  /** Writes the change and wakes the reconciler. The event is acknowledged when this resolves, given again when it rejects. */
  readonly onChange: (change: BotChange) => Promise<void>;
  /** An event that cannot be understood. It is dropped. */
  readonly onMalformed: (subject: string, problem: string) => void;
  /** Events may have been missed (first connection, reconnection, lost consumer): everything should be read anew. */
  readonly onGap: () => void;
}

/** Whether events arrive. */
export type BotEventsStatus =
  | { readonly state: "connecting"; readonly detail: string }
  /** What was published while nobody read is being applied. */
  | { readonly state: "catching-up"; readonly detail: string }
  | { readonly state: "connected"; readonly mode: "jetstream" | "core" | "in-process" };

/** A source of events. */
export interface BotEvents extends AsyncDisposable {
  /**
   * Begins to deliver, one event at a time, in order. Goes on for ever: an unreachable server is tried again
   * and again. Resolves at once.
   */
  subscribe(handlers: BotEventHandlers): void;
  /**
   * Waits until what was published before the subscription, and not read then, has been applied.
   *
   * @returns Resolves then; never rejects.
   */
  caughtUp(): Promise<void>;
  /** Whether events arrive now. */
  status(): BotEventsStatus;
}
