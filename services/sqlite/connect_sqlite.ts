/**
 * Opens an SQLite database in a file.
 *
 * @module
 */

import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../lib/errors.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";

/**
 * How long a call waits for another process, in ms. The wait blocks the whole process, so it is short; a
 * longer lock is reported, and the call is retried later.
 */
const BUSY_TIMEOUT_MS = 1000;

/**
 * Opens a database in WAL mode. Creates missing files and folders for the owner only. Committed data survives
 * a power failure.
 *
 * @param path Path of the file.
 * @returns The connection. Close it at the end.
 * @throws {StoreUnavailableError} If the file cannot be opened, or is no database.
 */
export function connectSqlite(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Creates the file before SQLite does so with the process's umask. SQLite gives -wal and -shm the same
    // mode.
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

/** Removes other users' access: another program or an earlier version may have created the file. */
function closeToOthers(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if ((Deno.statSync(file).mode ?? 0) & 0o077) Deno.chmodSync(file, 0o600);
    } catch (error) {
      // The -wal and -shm files come and go with the processes that use the database.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
