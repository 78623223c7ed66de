/**
 * The kinds of documents in MongoDB, and where each is kept.
 *
 * @module
 */

/** A kind of document. */
export interface MongoDocumentKind {
  /** Singular, for messages. */
  readonly one: string;
  /** Plural, for messages and as the category of the log. */
  readonly many: string;
  /** Name of the database. */
  readonly database: string;
  /** Name of the collection with the documents. */
  readonly collection: string;
  /** Name of the collection with the event position of each document. */
  readonly positions: string;
}

/** Bots: `bot_runner.bots`. */
export const BOTS: MongoDocumentKind = {
  one: "bot",
  many: "bots",
  database: "bot_runner",
  collection: "bots",
  positions: "berth_bot_positions",
};

/** Schedules: `bot_scheduler.bot_schedules`. */
export const SCHEDULES: MongoDocumentKind = {
  one: "schedule",
  many: "schedules",
  database: "bot_scheduler",
  collection: "bot_schedules",
  positions: "berth_bot_schedule_positions",
};
