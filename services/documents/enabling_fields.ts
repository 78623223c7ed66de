/**
 * The fields that enable or disable a bot.
 *
 * @module
 */

import type { BotDocument } from "./bot_repository.ts";
import { field, isObject } from "./document_fields.ts";

/**
 * Returns the fields to change in a document.
 *
 * @param before The document.
 * @param enabled Whether the bot should run.
 */
export function enablingFields(before: BotDocument, enabled: boolean): BotDocument {
  const config = field(before, "config");
  // A configuration that disables the bot would win.
  const says = enabled && isObject(config) && Object.hasOwn(config, "enabled");
  return { id: before.id, enabled, ...(says && { config: { ...config, enabled: true } }) };
}
