/**
 * The number of revisions of a bot or a schedule that one can go back to.
 *
 * @module
 */

import { BERTH_KEY } from "../documents/berth_settings.ts";
import { KEEP_REVISIONS_RANGE } from "../documents/bot_settings.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { field, isObject } from "../documents/document_fields.ts";

/**
 * Reads `keep_revisions` of a document, which need not be valid.
 *
 * @param document The document; `undefined` if it was removed.
 * @param standard The number if the document names none.
 */
export function keepRevisionsOf(document: BotDocument | undefined, standard: number): number {
  const config = document && field(document, "config");
  const berth = isObject(config) ? field(config, BERTH_KEY) : undefined;
  const value = isObject(berth) ? field(berth, "keep_revisions") : undefined;
  const [min, max] = KEEP_REVISIONS_RANGE;
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : standard;
}
