/**
 * The tables of the embedded database, and how they came to be.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { StoreUnavailableError } from "../bot_repository.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** Step n leads from `user_version` n to n + 1. A step that was released is never changed. */
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
];

/**
 * Brings a database to the form that this version knows, all or nothing.
 *
 * @param database The database.
 * @throws {StoreUnavailableError} when a newer version of Berth has written it.
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
