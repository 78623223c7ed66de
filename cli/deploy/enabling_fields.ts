/**
 * What a document says about whether its bot is to run.
 *
 * @module
 */

import type { BotDocument } from "../../services/documents/bot_repository.ts";
import { field, isObject } from "../../services/documents/document_fields.ts";

/**
 * The fields of a document that have to change.
 *
 * @param before The document.
 * @param enabled Whether its bot is to run.
 */
export function enablingFields(before: BotDocument, enabled: boolean): BotDocument {
  const config = field(before, "config");
  // A configuration that says no would win.
  const says = enabled && isObject(config) && Object.hasOwn(config, "enabled");
  return { id: before.id, enabled, ...(says && { config: { ...config, enabled: true } }) };
}
