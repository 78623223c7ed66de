/**
 * All or nothing.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/**
 * Does something in a transaction that nobody else writes beside.
 *
 * @param database The database.
 * @param work What is to be done.
 * @returns What it returns, once that is committed.
 */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // Some failures (a full disk) end the transaction by themselves.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
