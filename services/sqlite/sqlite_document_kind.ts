/**
 * The kinds of documents in SQLite, and where each is kept.
 *
 * @module
 */

/** A kind of document. */
export interface SqliteDocumentKind {
  /** Singular, for messages. */
  readonly one: string;
  /** Plural, for messages. */
  readonly many: string;
  /** The table with the documents, in columns `id` and `document`. */
  readonly table: string;
  /** The table with the event position of each document. */
  readonly positions: string;
}

/** Bots. */
export const BOTS: SqliteDocumentKind = {
  one: "bot",
  many: "bots",
  table: "bots",
  positions: "bot_positions",
};

/** Schedules. */
export const SCHEDULES: SqliteDocumentKind = {
  one: "schedule",
  many: "schedules",
  table: "bot_schedules",
  positions: "bot_schedule_positions",
};
