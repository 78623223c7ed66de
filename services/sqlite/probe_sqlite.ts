/**
 * Probes the embedded database.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";

/** Result of probing the embedded database. */
export interface SqliteProbe {
  /** Path of its file. */
  readonly path: string;
  /** Whether the file exists. */
  readonly exists: boolean;
  /** Number of documents of bots. */
  readonly bots?: number;
  /** Why the number is unknown. */
  readonly problem?: string;
}

/**
 * Counts the bots in the embedded database without creating one.
 *
 * @param path Path of the file.
 * @returns The result.
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
