/**
 * Indexes of collections that other programs use too.
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
 * Makes an index where there is none.
 *
 * @param collection The collection.
 * @param keys Its fields.
 * @param options Its options.
 * @returns Why the server refuses it, which keeps nothing from being read and written, or `undefined` when it is there.
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
