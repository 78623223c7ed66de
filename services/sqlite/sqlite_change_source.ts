/**
 * What other processes have written to the embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { ChangeSource } from "../events/change_source.ts";

/** Deletions are given again for so long, in ms: a clock may be set back, a writer may be held up before its commit. */
const OVERLAP_MS = 60_000;

/** Looks at SQLite's own counter of what other connections have committed, and only then into a table. */
export class SqliteChangeSource implements ChangeSource {
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  #version: unknown;
  #since = 0;

  /**
   * Makes one.
   *
   * @param database The connection; what is written through it is no news.
   * @param now The time, in ms since the epoch.
   */
  constructor(database: DatabaseSync, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  /** {@inheritDoc ChangeSource.poll} */
  poll(): ReturnType<ChangeSource["poll"]> {
    const version = this.#database.prepare("PRAGMA data_version").get()?.data_version;
    if (version === this.#version) return undefined;
    // One without a place in the order would undo a document that is written before it is applied here.
    const rows = this.#database.prepare(
      "SELECT id, sequence, published_at FROM bot_positions WHERE deleted = 1 AND written_at >= ? " +
        "AND coalesce(sequence, published_at) IS NOT NULL",
    ).all(this.#since);
    // Only now: a look that failed is made again.
    this.#version = version;
    this.#since = Math.max(0, Math.floor(this.#now()) - OVERLAP_MS);
    return rows.map(({ id, sequence, published_at }) => ({
      type: "deleted",
      id: id as string,
      order: {
        ...(sequence !== null && { sequence: sequence as number }),
        ...(published_at !== null && { publishedAt: published_at as number }),
      },
    }));
  }
}
