/**
 * Documents in an embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { BerthError } from "../../lib/errors.ts";
import {
  type BotChange,
  type BotDocument,
  type BotRepository,
  type RepositoryCallOptions,
  type StoredBot,
  StoreUnavailableError,
} from "../bot_repository.ts";
import { changedFields } from "../changed_fields.ts";
import {
  advance,
  type BotPosition,
  DELETION_MEMORY_MS,
  isNewer,
  NO_POSITION,
  seenBy,
} from "../event_order.ts";
import { readDocument, writeDocument } from "./sqlite_documents.ts";
import { migrateSqlite } from "./sqlite_migrations.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** Options of a {@linkcode SqliteBotRepository}. */
export interface SqliteBotRepositoryOptions {
  /**
   * The time, in ms since the epoch.
   *
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/** Documents in SQLite, a row a bot. A document and how far its events have come are written in one transaction. */
export class SqliteBotRepository implements BotRepository {
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  #isClosed = false;

  /**
   * Makes one; nothing is read yet.
   *
   * @param database The connection. It stays its owner's to close.
   * @param options See {@linkcode SqliteBotRepositoryOptions}.
   */
  constructor(database: DatabaseSync, options: SqliteBotRepositoryOptions = {}) {
    this.#database = database;
    this.#now = options.now ?? Date.now;
  }

  /** See {@linkcode BotRepository.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#call("prepare the tables", options, () => {
      migrateSqlite(this.#database);
      this.#database.prepare("DELETE FROM bot_positions WHERE deleted = 1 AND written_at < ?")
        .run(Math.floor(this.#now() - DELETION_MEMORY_MS));
    });
  }

  /** See {@linkcode BotRepository.get}. */
  get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined> {
    return this.#call(`read bot '${id}'`, options, () => this.#read(id));
  }

  /** See {@linkcode BotRepository.list}. */
  list(options?: RepositoryCallOptions): Promise<StoredBot[]> {
    return this.#call("read the bots", options, () => {
      const rows = this.#database.prepare("SELECT id, document FROM bots ORDER BY id").all();
      return rows.map(({ id, document }) => ({
        key: id as string,
        document: readDocument(id as string, document as string),
      }));
    });
  }

  /** See {@linkcode BotRepository.apply}. */
  apply(change: BotChange, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#call(`write bot '${change.id}'`, options, () =>
      inTransaction(this.#database, () => {
        const document = this.#read(change.id);
        const seen = seenBy(this.#position(change.id), document);
        if (!isNewer(change.order, seen)) return false;
        const isApplied = this.#write(change, document);
        this.#remember(change.id, advance(seen, change));
        return isApplied;
      }));
  }

  /** Refuses further calls. The connection is left open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #read(id: string): BotDocument | undefined {
    const row = this.#database.prepare("SELECT document FROM bots WHERE id = ?").get(id);
    return row && readDocument(id, row.document as string);
  }

  #write(change: BotChange, current: BotDocument | undefined): boolean {
    if (change.type === "deleted") {
      this.#database.prepare("DELETE FROM bots WHERE id = ?").run(change.id);
      return true;
    }
    if (change.type === "created" && current) return false;
    const text = writeDocument(change.id, { ...current, ...changedFields(change) });
    this.#database.prepare("INSERT OR REPLACE INTO bots (id, document) VALUES (?, ?)").run(change.id, text);
    return true;
  }

  #position(id: string): BotPosition {
    const row = this.#database.prepare("SELECT sequence, updated_at, deleted FROM bot_positions WHERE id = ?")
      .get(id);
    if (!row) return NO_POSITION;
    return {
      deleted: row.deleted === 1,
      ...(row.sequence !== null && { sequence: row.sequence as number }),
      ...(row.updated_at !== null && { updatedAt: row.updated_at as number }),
    };
  }

  #remember(id: string, { sequence, updatedAt, deleted }: BotPosition): void {
    this.#database.prepare("INSERT OR REPLACE INTO bot_positions VALUES (?, ?, ?, ?, ?)")
      .run(id, sequence ?? null, updatedAt ?? null, deleted ? 1 : 0, Math.floor(this.#now()));
  }

  // deno-lint-ignore require-await -- what is thrown is to reject
  async #call<T>(what: string, options: RepositoryCallOptions | undefined, work: () => T): Promise<T> {
    options?.signal?.throwIfAborted();
    try {
      if (this.#isClosed) throw new Error("the repository is closed");
      return work();
    } catch (error) {
      if (error instanceof BerthError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreUnavailableError(`Cannot ${what} in the embedded database: ${why}.`, { cause: error });
    }
  }
}
