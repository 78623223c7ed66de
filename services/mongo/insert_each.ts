/**
 * Inserts several documents by one call.
 *
 * @module
 */

import { type Collection, MongoBulkWriteError, type OptionalUnlessRequiredId } from "mongodb";
import { duplicateKeysOf } from "./mongo_errors.ts";

/**
 * Inserts documents whose ids may exist.
 *
 * @param collection Where.
 * @param documents The documents; at least one.
 * @returns For each whether it was inserted: false if its id exists. One of several that have an id is.
 * @throws The driver's error if something else keeps one of them from being inserted.
 */
export async function insertEach<T extends { readonly _id: string }>(
  collection: Collection<T>,
  documents: readonly T[],
): Promise<boolean[]> {
  try {
    await collection.insertMany([...documents] as OptionalUnlessRequiredId<T>[], { ordered: false });
    return documents.map(() => true);
  } catch (error) {
    const taken = error instanceof MongoBulkWriteError ? duplicateKeysOf(error) : undefined;
    if (!taken) throw error;
    return documents.map((_, index) => !taken.has(index));
  }
}
