/**
 * The connection to a database in a file.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../lib/errors.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";

/**
 * How long a call waits for another process, in ms. The whole process waits with it, so not long; what locks the
 * database for longer is reported and tried again.
 */
const BUSY_TIMEOUT_MS = 1000;

/**
 * Opens a database, in WAL mode, and makes its file and folder when they are missing, for their owner only. What was
 * committed survives a loss of power.
 *
 * @param path Path of the file.
 * @returns The connection. Close it at the end.
 * @throws {StoreUnavailableError} If there is no way to the file, or it is no database.
 */
export function connectSqlite(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Before SQLite makes it with whatever mode the process happens to have. Its -wal and -shm take the same mode.
    Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 }).close();
    closeToOthers(path);
    database = new DatabaseSync(path);
    database.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;`,
    );
    return database;
  } catch (error) {
    database?.close();
    const why = messageOf(error);
    throw new StoreUnavailableError(
      `Cannot open the database '${path}': ${why}. Correct its permissions, or use another data folder.`,
      { cause: error },
    );
  }
}

/** A database that another program made, or an earlier version, may be open to other users. */
function closeToOthers(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if ((Deno.statSync(file).mode ?? 0) & 0o077) Deno.chmodSync(file, 0o600);
    } catch (error) {
      // Each of the two companions comes and goes with the processes that use the database.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
