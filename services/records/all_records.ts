/**
 * Reads a whole collection of records.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore, StoredRecord } from "./record_store.ts";

/** Records that are read at once. */
const PAGE = 500;

/**
 * Reads all records of a collection, in the order of their ids.
 *
 * @param records The records.
 * @param collection The collection.
 * @param options A signal, and how the ids begin.
 * @throws {StoreUnavailableError} If the database does not answer.
 */
export async function allRecords(
  records: Pick<RecordStore, "list">,
  collection: string,
  options: RepositoryCallOptions & { readonly prefix?: string } = {},
): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  while (true) {
    const after = found.at(-1)?.id;
    const page = await records.list(collection, {
      ...options,
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}
