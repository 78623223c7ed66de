/**
 * Transactions of the embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";

/**
 * Runs work in a transaction with an exclusive write lock.
 *
 * @param database The database.
 * @param work The work.
 * @returns The result of the work, once it is committed.
 */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // Some failures (a full disk) roll back the transaction by themselves.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
