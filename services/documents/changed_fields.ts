/**
 * The fields that a change writes.
 *
 * @module
 */

import type { BotChange, BotDocument } from "./bot_repository.ts";

/** The database's own key, and the bot's. */
const NOT_FROM_EVENTS = ["_id", "id"];

/**
 * Returns the fields that a change sets.
 *
 * @param change A creation or an update.
 * @returns The id and the event's other fields, without names that some database cannot update (empty, with a
 * dot or NUL, or beginning with `$`). No field of the contract has such a name.
 */
export function changedFields(change: Exclude<BotChange, { type: "deleted" }>): BotDocument {
  const fields = Object.entries(change.document).filter(([name, value]) =>
    value !== undefined && /^[^$.\0][^.\0]*$/.test(name) && !NOT_FROM_EVENTS.includes(name)
  );
  return Object.fromEntries([["id", change.id], ...fields]);
}
