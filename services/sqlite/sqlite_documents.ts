/**
 * Documents as JSON in a column.
 *
 * @module
 */

import { exactDigits, parseExactJson } from "../../lib/util/exact_json.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { isObject } from "../documents/document_fields.ts";
import { isDeeperThan, MAX_DOCUMENT_DEPTH } from "../documents/nesting.ts";
import { TOO_DEEP, unreadableDocument } from "../documents/unreadable_document.ts";
import { UnstorableDocumentError } from "../documents/unstorable_document_error.ts";

/**
 * Reads a row. A damaged one becomes a placeholder, so that the damage affects only its own bot.
 *
 * @param id The row's id.
 * @param text The row's document.
 * @returns The document, with the row's id.
 */
export function readDocument(id: string, text: string): BotDocument {
  try {
    const document = parseExactJson(text);
    if (isDeeperThan(document, MAX_DOCUMENT_DEPTH)) return unreadableDocument(id, TOO_DEEP);
    if (isObject(document)) return { ...document, id };
  } catch {
    // The reason must not show any of the content.
  }
  return unreadableDocument(id, "its row in the database holds no JSON object. Write the document again");
}

/**
 * Serializes a document as JSON. Dates become ISO strings; a `bigint` keeps its digits.
 *
 * @param id Id of the bot.
 * @param document The document.
 * @returns The JSON string.
 * @throws {UnstorableDocumentError} If JSON would lose any of it.
 */
export function writeDocument(id: string, document: BotDocument): string {
  const whole = (key: string, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new UnstorableDocumentError(id, `'${key}' is a number that JSON cannot hold`);
    }
    return exactDigits(key, value);
  };
  try {
    return JSON.stringify(document, whole);
  } catch (error) {
    if (error instanceof UnstorableDocumentError) throw error;
    throw new UnstorableDocumentError(id, "it cannot be written as JSON", { cause: error });
  }
}
