/**
 * What a change writes.
 *
 * @module
 */

import type { BotChange, BotDocument } from "./bot_repository.ts";

/** The database's own, and the one the bot is known by. */
const NOT_FROM_EVENTS = ["_id", "id"];

/**
 * The fields that a change sets.
 *
 * @param change A creation or an update.
 * @returns The id and the event's other fields, except those whose names an update of a field cannot say in every
 * database (empty, with a dot or NUL, beginning with `$`); no agreed field is called so.
 */
export function changedFields(change: Exclude<BotChange, { type: "deleted" }>): BotDocument {
  const fields = Object.entries(change.document).filter(([name, value]) =>
    value !== undefined && /^[^$.\0][^.\0]*$/.test(name) && !NOT_FROM_EVENTS.includes(name)
  );
  return Object.fromEntries([["id", change.id], ...fields]);
}
