/**
 * Polls the embedded database for changes of other processes.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { ChangeSource, FoundDeletions } from "../events/change_source.ts";

/**
 * How long deletions are reported again, in ms: a clock may be set back, and a writer may be delayed before
 * its commit.
 */
const OVERLAP_MS = 60_000;

/** Compares SQLite's counter of other connections' commits, and reads a table only if it has changed. */
export class SqliteChangeSource implements ChangeSource {
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  #version: unknown;
  #since = 0;

  /**
   * @param database The connection, whose own writes are not reported.
   * @param now Returns the current time in ms since the epoch.
   */
  constructor(database: DatabaseSync, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  /** {@inheritDoc ChangeSource.poll} */
  poll(): FoundDeletions {
    const version = this.#database.prepare("PRAGMA data_version").get()?.data_version;
    if (version === this.#version) return undefined;
    // A deletion without an order would undo a document that is written before it is applied here.
    const rows = this.#database.prepare(
      "SELECT id, sequence, published_at FROM bot_positions WHERE deleted = 1 AND written_at >= ? " +
        "AND coalesce(sequence, published_at) IS NOT NULL",
    ).all(this.#since);
    // Set last, so that a failed poll is repeated.
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
