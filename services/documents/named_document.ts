/**
 * Names stored documents for lists and reports.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { BOT_ID_RULE } from "../../lib/executable/bot_id.ts";
import type { StoredBot } from "./bot_repository.ts";
import { unreadableDocument } from "./unreadable_document.ts";

/** Longest id that is shown as it is, in characters. A longer one would be in every list, event and line of the log. */
const MAX_LENGTH = 1024;
const SHOWN = 60;

/**
 * Names a document by its id. One whose id is far too long becomes a placeholder with a short name that is its own.
 *
 * @param stored The document, with its id as key.
 */
export function namedDocument(stored: StoredBot): StoredBot {
  const { key: id } = stored;
  if (id.length <= MAX_LENGTH) return stored;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 8);
  const key = `${id.slice(0, SHOWN)}… (${id.length} characters, ${hash})`;
  return { key, document: unreadableDocument(key, `its id must ${BOT_ID_RULE} (it has ${id.length})`) };
}
