/**
 * Documents of bots in MongoDB.
 *
 * @module
 */

import type { MongoClient } from "mongodb";
import {
  type MongoDocumentKind,
  MongoDocumentRepository,
  type MongoDocumentRepositoryOptions,
} from "./mongo_document_repository.ts";

const BOTS: MongoDocumentKind = {
  one: "bot",
  many: "bots",
  database: "bot_runner",
  collection: "bots",
  positions: "berth_bot_positions",
};

/** The bots in MongoDB, `bot_runner.bots`. */
export class MongoBotRepository extends MongoDocumentRepository {
  /**
   * Makes one; nothing is sent yet.
   *
   * @param client The connection. It stays its owner's to close.
   * @param options See {@linkcode MongoDocumentRepositoryOptions}.
   */
  constructor(client: MongoClient, options?: MongoDocumentRepositoryOptions) {
    super(client, BOTS, options);
  }
}
