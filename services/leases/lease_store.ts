/**
 * The port to leases as a database keeps them: one record for each take of a key, under a unique index.
 *
 * @module
 */

import type { LeaseRef } from "../../lib/cluster/cluster_leases.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";

/** One take of a lease. */
export interface LeaseRecord extends LeaseRef {
  /** How long its holder may live without a renewal, in seconds; 0 if only a release ends it. */
  readonly leaseSeconds: number;
  /** Whether it is released. */
  readonly isReleased: boolean;
  /** Counts its renewals. */
  readonly beat: number;
  /** When it was taken, by the clock of whoever took it: for people only. */
  readonly takenAt: Date;
  /** Information of its taker for others, as JSON; empty for none. */
  readonly about: string;
}

/**
 * The leases. The record with the largest epoch of a key counts. Every method rejects with `StoreUnavailableError` if the
 * database does not answer.
 */
export interface LeaseStore extends AsyncDisposable {
  /** Prepares indexes and tables. Does nothing if they exist. */
  open(options?: RepositoryCallOptions): Promise<void>;
  /** Lists the records that are not released, of all keys that begin with a prefix, in any order. */
  listHeld(prefix: string, options?: RepositoryCallOptions): Promise<LeaseRecord[]>;
  /** Reads all records of one key, in the order of their epochs. */
  find(key: string, options?: RepositoryCallOptions): Promise<LeaseRecord[]>;
  /** Adds a record. @returns False if its epoch exists: of several calls at once, exactly one succeeds. */
  insert(record: LeaseRecord, options?: RepositoryCallOptions): Promise<boolean>;
  /**
   * Counts a renewal of each record that is there, then looks which are still held by their owners and have no record of
   * the next epoch.
   *
   * @returns For each lease, in order, whether it is so.
   */
  renew(leases: readonly LeaseRef[], options?: RepositoryCallOptions): Promise<boolean[]>;
  /** Marks a record as released, if it is there. */
  release(lease: LeaseRef, options?: RepositoryCallOptions): Promise<void>;
  /** Removes a record, if it is there. */
  remove(lease: LeaseRef, options?: RepositoryCallOptions): Promise<void>;
  /** Removes the records of one key before an epoch. */
  removeBefore(key: string, epoch: number, options?: RepositoryCallOptions): Promise<void>;
  /** Removes released records that were taken before a time, of all keys that begin with a prefix. */
  removeReleased(prefix: string, takenBefore: Date, options?: RepositoryCallOptions): Promise<void>;
}
