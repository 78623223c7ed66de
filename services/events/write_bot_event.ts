/**
 * Events as they go over the wire.
 *
 * @module
 */

import type { BotChange, BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";

/** An event to be sent. */
export interface BotEvent {
  /** Its subject, for example `the0.bot.updated`. */
  readonly subject: string;
  /** Its payload. */
  readonly payload: Uint8Array;
}

/**
 * Writes a change as the event that tells it: the document's fields, or the id alone for a deletion. The text of a
 * configuration stays in the document: with it, a large one would exceed what a bus takes.
 *
 * @param change The change.
 * @param subjectPrefix Subjects of the events without their last part.
 * @returns The event; `parseBotEvent()` reads it.
 */
export function writeBotEvent(change: BotChange, subjectPrefix: string): BotEvent {
  const { type, id } = change;
  const { [CONFIG_TEXT]: _, ...document } = type === "deleted" ? {} as BotDocument : change.document;
  const fields = { ...document, id };
  return {
    subject: `${subjectPrefix}.${type}`,
    payload: new TextEncoder().encode(JSON.stringify(fields)),
  };
}
