/**
 * Port for small records of Berth's own, such as tokens and audit lines: JSON values under a collection and an id. Both
 * are printable ASCII, and a collection has no slash.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";

/** A record as it is stored. */
export interface StoredRecord {
  /** Its id, unique in its collection. */
  readonly id: string;
  /** Changes with each write. */
  readonly revision: number;
  /** The record: a JSON object. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** Which records to list, by their ids in code unit order. */
export interface ListRecordsOptions extends RepositoryCallOptions {
  /** Only ids that begin with it. @default all */
  readonly prefix?: string;
  /** Only ids after it, in the order of the list. @default all */
  readonly after?: string;
  /** Maximum number of records. @default 100 */
  readonly limit?: number;
  /** Whether the largest ids come first. @default false */
  readonly descending?: boolean;
}

/** The records. Every method rejects with `StoreUnavailableError` if the database does not answer. */
export interface RecordStore extends AsyncDisposable {
  /** Prepares indexes and tables. Does nothing if they exist. */
  open(options?: RepositoryCallOptions): Promise<void>;
  /** Inserts a record. @returns False if the id exists: of several calls at once, exactly one succeeds. */
  insert(
    collection: string,
    id: string,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean>;
  /** Reads a record; `undefined` if there is none. */
  get(collection: string, id: string, options?: RepositoryCallOptions): Promise<StoredRecord | undefined>;
  /** Lists records in the order of their ids. */
  list(collection: string, options?: ListRecordsOptions): Promise<StoredRecord[]>;
  /** Lists the ids of all records of a collection, in no order. */
  ids(collection: string, options?: RepositoryCallOptions): Promise<string[]>;
  /** Replaces a record if its revision is unchanged. @returns Whether it was replaced. */
  replace(
    collection: string,
    id: string,
    revision: number,
    value: StoredRecord["value"],
    options?: RepositoryCallOptions,
  ): Promise<boolean>;
  /** Removes a record. @returns Whether there was one. */
  delete(collection: string, id: string, options?: RepositoryCallOptions): Promise<boolean>;
  /** Removes all records whose ids are smaller than a bound. @returns Their number. */
  deleteBefore(collection: string, bound: string, options?: RepositoryCallOptions): Promise<number>;
}
