/**
 * What stands in for a stored document that cannot be read.
 *
 * @module
 */

import type { BotDocument } from "./bot_repository.ts";
import { MAX_DOCUMENT_DEPTH } from "./nesting.ts";

/** A symbol, so that no document can have a field of this name. */
const UNREADABLE = Symbol("unreadable");

/**
 * Stands in for a document that is damaged, so that only its own bot hears of it.
 *
 * @param id Its id, where that is known.
 * @param reason What is wrong with it, in one line without its content.
 * @returns A document without anything but the id.
 */
export function unreadableDocument(id: string | undefined, reason: string): BotDocument {
  return { ...(id !== undefined && { id }), [UNREADABLE]: reason };
}

/** The reason of one that is nested too deeply. */
export const TOO_DEEP: string = `it is nested more than ${MAX_DOCUMENT_DEPTH} levels deep`;

/**
 * Why a document cannot be read.
 *
 * @param document Any document.
 * @returns The reason, or `undefined` when it was read.
 */
export function unreadableReason(document: object): string | undefined {
  return (document as { [UNREADABLE]?: string })[UNREADABLE];
}
