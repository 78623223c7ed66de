/**
 * Events as they go over the wire.
 *
 * @module
 */

import type { BotChange } from "../documents/bot_repository.ts";

/** An event to be sent. */
export interface BotEvent {
  /** Its subject, for example `the0.bot.updated`. */
  readonly subject: string;
  /** Its payload. */
  readonly payload: Uint8Array;
}

/**
 * Writes a change as the event that tells it: the document's fields, or the id alone for a deletion.
 *
 * @param change The change.
 * @param subjectPrefix Subjects of the events without their last part.
 * @returns The event; `parseBotEvent()` reads it.
 */
export function writeBotEvent(change: BotChange, subjectPrefix: string): BotEvent {
  const { type, id } = change;
  const fields = type === "deleted" ? { id } : { ...change.document, id };
  return {
    subject: `${subjectPrefix}.${type}`,
    payload: new TextEncoder().encode(JSON.stringify(fields)),
  };
}
