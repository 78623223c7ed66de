/**
 * Decodes documents as MongoDB sends them.
 *
 * @module
 */

import { BSON } from "mongodb";
import type { BotDocument, StoredBot } from "../documents/bot_repository.ts";
import { updatedAtOf } from "../documents/bot_document.ts";
import type { Fields } from "../documents/document_fields.ts";
import { isDeeperThan, MAX_DOCUMENT_DEPTH } from "../documents/nesting.ts";
import { TOO_DEEP, unreadableDocument } from "../documents/unreadable_document.ts";
import { toPlainValue } from "./mongo_plain_value.ts";

/** A decoded document. */
export interface MongoDocument extends StoredBot {
  /** Its `_id`; absent if it cannot be read. */
  readonly mongoId?: unknown;
  /** Whether it has a usable `id`. */
  readonly hasId: boolean;
}

/**
 * Regular expressions of other languages and strings that are not UTF-8 must not keep the rest from being
 * read.
 */
const TOLERANT: BSON.DeserializeOptions = { bsonRegExp: true, validation: { utf8: false } };
const TEXT = 2;

/**
 * Decodes a document. A damaged one becomes a placeholder, so that the damage affects only its own bot.
 *
 * @param bytes The document as BSON.
 * @returns The document in plain values, without `_id`.
 */
export function readMongoDocument(bytes: Uint8Array): MongoDocument {
  let fields: Fields;
  try {
    fields = BSON.deserialize(bytes, TOLERANT);
  } catch (error) {
    // Decoding recurses: the stack overflows before the nesting ends.
    if (error instanceof RangeError) return unreadable(bytes, TOO_DEEP);
    return unreadable(bytes, "it is stored as damaged BSON. Write the document again");
  }
  if (isDeeperThan(fields, MAX_DOCUMENT_DEPTH)) return unreadable(bytes, TOO_DEEP);
  const { _id: mongoId, ...rest } = fields;
  const hasId = typeof rest.id === "string" && rest.id !== "";
  const key = hasId ? rest.id as string : `(document ${String(toPlainValue(mongoId))})`;
  return { key, mongoId, hasId, document: toPlainValue(rest) as BotDocument };
}

function unreadable(bytes: Uint8Array, reason: string): MongoDocument {
  const id = findId(bytes);
  const document = unreadableDocument(id, reason);
  return { key: id ?? "(damaged document)", hasId: id !== undefined, document };
}

/**
 * Chooses among documents of the same id.
 *
 * @param documents The documents.
 * @returns The one with the latest change according to its writer, the last of those if several; `undefined`
 * if there is none.
 */
export function newestOf(documents: readonly MongoDocument[]): MongoDocument | undefined {
  let newest: MongoDocument | undefined;
  for (const document of documents) {
    const isNewer = timeOf(document) >= (newest ? timeOf(newest) : -Infinity);
    if (isNewer) newest = document;
  }
  return newest;
}

function timeOf({ document }: MongoDocument): number {
  return updatedAtOf(document) ?? -Infinity;
}

/** Finds the id of a document of which another field is damaged. */
function findId(bytes: Uint8Array): string | undefined {
  try {
    for (const [type, nameOffset, nameLength, offset, length] of BSON.onDemand.parseToElements(bytes)) {
      const name = decode(bytes, nameOffset, nameLength);
      // A BSON string is its length in four bytes, its bytes and a NUL.
      if (type === TEXT && name === "id") return decode(bytes, offset + 4, length - 5) || undefined;
    }
  } catch {
    // Not even the id can be read.
  }
}

function decode(bytes: Uint8Array, offset: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(offset, offset + length));
}
