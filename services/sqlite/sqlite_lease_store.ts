/**
 * Leases in the embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { LeaseRef } from "../../lib/cluster/cluster_leases.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { LeaseRecord, LeaseStore } from "../leases/lease_store.ts";
import { SqliteCalls } from "./sqlite_calls.ts";
import { migrateSqlite } from "./sqlite_migrations.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** The leases in SQLite's table `leases`. */
export class SqliteLeaseStore implements LeaseStore {
  readonly #database: DatabaseSync;
  readonly #calls = new SqliteCalls();

  /** @param database The connection. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** See {@linkcode LeaseStore.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("prepare the leases", options, () => migrateSqlite(this.#database));
  }

  /** See {@linkcode LeaseStore.listHeld}. */
  listHeld(prefix: string, options?: RepositoryCallOptions): Promise<LeaseRecord[]> {
    return this.#calls.run(
      "list leases",
      options,
      () =>
        this.#database.prepare("SELECT * FROM leases WHERE key >= ? AND key < ? AND is_released = 0")
          .all(prefix, `${prefix}\x7F`).map(toRecord),
    );
  }

  /** See {@linkcode LeaseStore.find}. */
  find(key: string, options?: RepositoryCallOptions): Promise<LeaseRecord[]> {
    return this.#calls.run(
      "read a lease",
      options,
      () =>
        this.#database.prepare("SELECT * FROM leases WHERE key = ? ORDER BY epoch").all(key).map(toRecord),
    );
  }

  /** See {@linkcode LeaseStore.insert}. */
  insert(record: LeaseRecord, options?: RepositoryCallOptions): Promise<boolean> {
    const { key, epoch, owner, leaseSeconds, isReleased, beat, takenAt, about } = record;
    return this.#calls.run("take a lease", options, () =>
      this.#database.prepare(
        `INSERT INTO leases (key, epoch, owner, lease_seconds, is_released, beat, taken_at, about)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ).run(key, epoch, owner, leaseSeconds, Number(isReleased), beat, takenAt.getTime(), about).changes > 0);
  }

  /** See {@linkcode LeaseStore.renew}. */
  renew(leases: readonly LeaseRef[], options?: RepositoryCallOptions): Promise<boolean[]> {
    return this.#calls.run(
      "renew leases",
      options,
      () =>
        inTransaction(this.#database, () =>
          leases.map(({ key, epoch, owner }) =>
            this.#database.prepare(
              `UPDATE leases SET beat = beat + 1 WHERE key = ?1 AND epoch = ?2 AND owner = ?3 AND is_released = 0
             AND NOT EXISTS (SELECT 1 FROM leases AS later WHERE later.key = ?1 AND later.epoch = ?2 + 1)`,
            ).run(key, epoch, owner).changes > 0
          )),
    );
  }

  /** See {@linkcode LeaseStore.release}. */
  release({ key, epoch, owner }: LeaseRef, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("release a lease", options, () =>
      void this.#database.prepare(
        "UPDATE leases SET is_released = 1 WHERE key = ? AND epoch = ? AND owner = ?",
      ).run(key, epoch, owner));
  }

  /** See {@linkcode LeaseStore.remove}. */
  remove({ key, epoch, owner }: LeaseRef, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run(
      "give back a lease",
      options,
      () =>
        void this.#database.prepare("DELETE FROM leases WHERE key = ? AND epoch = ? AND owner = ?")
          .run(key, epoch, owner),
    );
  }

  /** See {@linkcode LeaseStore.removeBefore}. */
  removeBefore(key: string, epoch: number, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run(
      "remove old leases",
      options,
      () => void this.#database.prepare("DELETE FROM leases WHERE key = ? AND epoch < ?").run(key, epoch),
    );
  }

  /** See {@linkcode LeaseStore.removeReleased}. */
  removeReleased(prefix: string, takenBefore: Date, options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("remove old leases", options, () =>
      void this.#database.prepare(
        "DELETE FROM leases WHERE key >= ? AND key < ? AND is_released = 1 AND taken_at < ?",
      ).run(prefix, `${prefix}\x7F`, takenBefore.getTime()));
  }

  /** Refuses new calls. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }
}

function toRecord(row: Record<string, unknown>): LeaseRecord {
  return {
    key: String(row.key),
    epoch: Number(row.epoch),
    owner: String(row.owner),
    leaseSeconds: Number(row.lease_seconds),
    isReleased: row.is_released === 1,
    beat: Number(row.beat),
    takenAt: new Date(Number(row.taken_at)),
    about: String(row.about),
  };
}
