/**
 * Placeholder for a stored document that cannot be read.
 *
 * @module
 */

import type { BotDocument } from "./bot_repository.ts";
import { MAX_DOCUMENT_DEPTH } from "./nesting.ts";

/** A symbol, because no stored document can have a field of this name. */
const UNREADABLE = Symbol("unreadable");

/**
 * Creates the placeholder for a damaged document, so that the damage affects only its own bot.
 *
 * @param id The document's id, if known.
 * @param reason The problem, in one line without its content.
 * @returns A document with only the id.
 */
export function unreadableDocument(id: string | undefined, reason: string): BotDocument {
  return { ...(id !== undefined && { id }), [UNREADABLE]: reason };
}

/** The reason for a document that is nested too deeply. */
export const TOO_DEEP: string = `it is nested more than ${MAX_DOCUMENT_DEPTH} levels deep`;

/**
 * Returns why a document cannot be read.
 *
 * @param document Any document.
 * @returns The reason, or `undefined` for a readable document.
 */
export function unreadableReason(document: object): string | undefined {
  return (document as { [UNREADABLE]?: string })[UNREADABLE];
}
