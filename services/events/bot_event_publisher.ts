/**
 * Port through which another process announces a changed document to the services.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import type { BotChange } from "../documents/bot_repository.ts";

/** A change could not be published. */
export class EventsUnavailableError extends BerthError {
  /** @param message Where it failed and why; never a credential. @param options The cause. */
  constructor(message: string, options?: ErrorOptions) {
    super("events/unavailable", message, options);
  }
}

/** Publishes changes of documents. */
export interface BotEventPublisher extends AsyncDisposable {
  /**
   * Publishes a change that is already written.
   *
   * @param change The change.
   * @returns Resolves when the bus has accepted it, whether or not anybody subscribes.
   * @throws {EventsUnavailableError} If the bus does not accept it. The service then finds the change at its
   * next resync.
   */
  publish(change: BotChange): Promise<void>;
}
