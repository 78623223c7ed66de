/**
 * Event positions of documents, in a table of their own.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { type BotPosition, DELETION_MEMORY_MS, NO_POSITION } from "../events/event_order.ts";

/** The positions of all documents of a table. */
export class SqlitePositions {
  readonly #database: DatabaseSync;
  readonly #table: string;
  readonly #now: () => number;

  /**
   * @param database The connection.
   * @param table Name of the table of positions.
   * @param now Returns the current time in ms since the epoch.
   */
  constructor(database: DatabaseSync, table: string, now: () => number) {
    this.#database = database;
    this.#table = table;
    this.#now = now;
  }

  /** Reads the position of a document. @param id Id of the document. */
  get(id: string): BotPosition {
    const row = this.#database.prepare(
      `SELECT sequence, published_at, deleted FROM ${this.#table} WHERE id = ?`,
    ).get(id);
    if (!row) return NO_POSITION;
    return {
      deleted: row.deleted === 1,
      ...(row.sequence !== null && { sequence: row.sequence as number }),
      ...(row.published_at !== null && { publishedAt: row.published_at as number }),
    };
  }

  /**
   * Writes the position of a document.
   *
   * @param id Id of the document.
   * @param position The position.
   */
  set(id: string, { sequence, publishedAt, deleted }: BotPosition): void {
    this.#database.prepare(`INSERT OR REPLACE INTO ${this.#table} VALUES (?, ?, ?, ?, ?)`)
      .run(id, sequence ?? null, publishedAt ?? null, deleted ? 1 : 0, Math.floor(this.#now()));
  }

  /** Forgets deletions that are too old for any event to undo. */
  forgetOldDeletions(): void {
    this.#database.prepare(`DELETE FROM ${this.#table} WHERE deleted = 1 AND written_at < ?`)
      .run(Math.floor(this.#now() - DELETION_MEMORY_MS));
  }
}
