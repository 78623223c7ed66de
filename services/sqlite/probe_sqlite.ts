/**
 * Whether the embedded database can be used.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";

/** What a look at the embedded database found. */
export interface SqliteProbe {
  /** Path of its file. */
  readonly path: string;
  /** Whether there is a file. */
  readonly exists: boolean;
  /** How many documents there are. */
  readonly bots?: number;
  /** Why that is not known. */
  readonly problem?: string;
}

/**
 * Counts the bots in the embedded database, and makes none.
 *
 * @param path Path of its file.
 * @returns What was found.
 */
export function probeSqlite(path: string): SqliteProbe {
  let database: DatabaseSync | undefined;
  try {
    if (!Deno.statSync(path).isFile) return { path, exists: true, problem: "it is no file" };
    database = new DatabaseSync(path, { readOnly: true });
    const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'bots'").get() === undefined;
    const bots = isEmpty ? 0 : database.prepare("SELECT count(*) AS bots FROM bots").get()!.bots as number;
    return { path, exists: true, bots };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { path, exists: false };
    return { path, exists: true, problem: (error as Error).message };
  } finally {
    database?.close();
  }
}
