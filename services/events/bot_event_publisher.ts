/**
 * The port through which a changed document is told to the service that runs the bots, from another process.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import type { BotChange } from "../documents/bot_repository.ts";

/** A change could not be told. */
export class EventsUnavailableError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message Where, and what happened; never a credential.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("events/unavailable", message, options);
  }
}

/** Tells of changed documents. */
export interface BotEventPublisher extends AsyncDisposable {
  /**
   * Tells of a change that was written.
   *
   * @param change The change.
   * @returns Resolves when it was handed over; there may be nobody who hears it.
   * @throws {EventsUnavailableError} when it could not be. The service finds the change at its next resync.
   */
  publish(change: BotChange): Promise<void>;
}
