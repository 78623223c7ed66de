/**
 * Documents of bots in an embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import {
  type SqliteDocumentKind,
  SqliteDocumentRepository,
  type SqliteDocumentRepositoryOptions,
} from "./sqlite_document_repository.ts";

const BOTS: SqliteDocumentKind = { one: "bot", many: "bots", table: "bots", positions: "bot_positions" };

/** The bots in SQLite. */
export class SqliteBotRepository extends SqliteDocumentRepository {
  /**
   * Makes one; nothing is read yet.
   *
   * @param database The connection. It stays its owner's to close.
   * @param options See {@linkcode SqliteDocumentRepositoryOptions}.
   */
  constructor(database: DatabaseSync, options?: SqliteDocumentRepositoryOptions) {
    super(database, BOTS, options);
  }
}
