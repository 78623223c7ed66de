/**
 * Indexes of collections that other programs also use.
 *
 * @module
 */

import type {
  Collection,
  CreateIndexesOptions,
  Document,
  IndexSpecification,
  MongoServerError,
} from "mongodb";
import { isIndexRefusal } from "./mongo_errors.ts";

/**
 * Creates an index if it does not exist.
 *
 * @param collection The collection.
 * @param keys The indexed fields.
 * @param options Options of the index.
 * @returns `undefined` if the index exists, else why the server refuses it. Reads and writes work without it.
 */
export async function ensureIndex<T extends Document>(
  collection: Collection<T>,
  keys: IndexSpecification,
  options: CreateIndexesOptions = {},
): Promise<MongoServerError | undefined> {
  try {
    await collection.createIndex(keys, options);
  } catch (error) {
    if (isIndexRefusal(error)) return error;
    throw error;
  }
}
