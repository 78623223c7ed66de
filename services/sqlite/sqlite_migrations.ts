/**
 * The tables of the embedded database, as a list of migrations.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** Step n migrates `user_version` n to n + 1. A released step never changes. */
const STEPS: readonly string[] = [
  `CREATE TABLE bots (
     id TEXT PRIMARY KEY,
     document TEXT NOT NULL
   ) STRICT;
   CREATE TABLE bot_positions (
     id TEXT PRIMARY KEY,
     sequence INTEGER,
     updated_at REAL,
     deleted INTEGER NOT NULL,
     written_at INTEGER NOT NULL
   ) STRICT;`,
  // The number is the end of the year 9999, which is never due, so that a damaged document is not found again
  // and again.
  `CREATE TABLE bot_schedules (
     id TEXT PRIMARY KEY,
     document TEXT NOT NULL,
     next_execution_time INTEGER GENERATED ALWAYS AS (
       CASE
         WHEN NOT json_valid(document) THEN 253402300799
         WHEN json_type(document) <> 'object' THEN 253402300799
         WHEN json_type(document, '$.next_execution_time') IN ('integer', 'real')
           AND json_extract(document, '$.next_execution_time') >= 1
           AND json_extract(document, '$.next_execution_time') < 253402300800
         THEN CAST(json_extract(document, '$.next_execution_time') AS INTEGER)
       END
     ) STORED
   ) STRICT;
   CREATE INDEX bot_schedules_by_time ON bot_schedules (next_execution_time);
   CREATE TABLE bot_schedule_positions (
     id TEXT PRIMARY KEY,
     sequence INTEGER,
     updated_at REAL,
     deleted INTEGER NOT NULL,
     written_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE runs (
     id TEXT PRIMARY KEY,
     schedule_id TEXT NOT NULL,
     slot INTEGER NOT NULL,
     trigger TEXT NOT NULL,
     state TEXT NOT NULL,
     reason TEXT,
     instance TEXT NOT NULL,
     seen_at INTEGER NOT NULL,
     claimed_at INTEGER NOT NULL,
     started_at INTEGER,
     finished_at INTEGER,
     start_lag_ms REAL,
     duration_ms REAL,
     exit_code INTEGER,
     version TEXT,
     attempt INTEGER NOT NULL,
     container_name TEXT,
     log TEXT,
     result_status TEXT,
     result TEXT
   ) STRICT;
   CREATE INDEX runs_by_schedule ON runs (schedule_id, slot, claimed_at);
   CREATE INDEX runs_open ON runs (schedule_id, slot) WHERE state IN ('claimed', 'running');`,
  "CREATE INDEX runs_by_age ON runs (claimed_at);",
  // The old column held a time that says nothing about the order of changes.
  `ALTER TABLE bot_positions RENAME COLUMN updated_at TO published_at;
   ALTER TABLE bot_schedule_positions RENAME COLUMN updated_at TO published_at;
   UPDATE bot_positions SET published_at = NULL;
   UPDATE bot_schedule_positions SET published_at = NULL;`,
  // The store's own identity, and those of stores whose containers it has adopted.
  `CREATE TABLE store_identities (
     id TEXT PRIMARY KEY,
     is_own INTEGER NOT NULL,
     made_at INTEGER NOT NULL,
     was_empty INTEGER NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX store_identities_own ON store_identities (is_own) WHERE is_own = 1;`,
  `CREATE TABLE records (
     collection TEXT NOT NULL,
     id TEXT NOT NULL,
     revision INTEGER NOT NULL,
     value TEXT NOT NULL,
     PRIMARY KEY (collection, id)
   ) STRICT, WITHOUT ROWID;`,
  // The order of pages: of one slot, the largest id first.
  `ALTER TABLE runs ADD COLUMN requested_by TEXT;
   DROP INDEX runs_by_schedule;
   CREATE INDEX runs_by_schedule ON runs (schedule_id, slot, id);
   CREATE INDEX runs_by_slot ON runs (slot, id);`,
  `ALTER TABLE runs ADD COLUMN revision INTEGER;
   ALTER TABLE runs ADD COLUMN archive_sha256 TEXT;
   ALTER TABLE runs ADD COLUMN dependencies TEXT;
   ALTER TABLE runs ADD COLUMN image TEXT;
   ALTER TABLE runs ADD COLUMN config_hash TEXT;
   ALTER TABLE runs ADD COLUMN berth TEXT;`,
  `CREATE TABLE leases (
     key TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     owner TEXT NOT NULL,
     lease_seconds REAL NOT NULL,
     is_released INTEGER NOT NULL,
     beat INTEGER NOT NULL,
     taken_at INTEGER NOT NULL,
     about TEXT NOT NULL,
     PRIMARY KEY (key, epoch)
   ) STRICT, WITHOUT ROWID;`,
];

/**
 * Migrates a database to the current version, all or nothing.
 *
 * @param database The database.
 * @throws {StoreUnavailableError} If a newer version of Berth has written it.
 */
export function migrateSqlite(database: DatabaseSync): void {
  inTransaction(database, () => {
    const version = database.prepare("PRAGMA user_version").get()?.user_version as number;
    if (version > STEPS.length) {
      throw new StoreUnavailableError(
        `The database '${database.location()}' has form ${version}, and this version of Berth knows ${STEPS.length} ` +
          `at most: a newer one has written it. Update Berth, or use another data folder.`,
      );
    }
    for (const step of STEPS.slice(version)) database.exec(step);
    if (version < STEPS.length) database.exec(`PRAGMA user_version = ${STEPS.length}`);
  });
}
