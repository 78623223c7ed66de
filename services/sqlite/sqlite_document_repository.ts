/**
 * Documents of one kind in an embedded database.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type {
  ApplyOptions,
  BotChange,
  BotDocument,
  BotRepository,
  Refusal,
  RepositoryCallOptions,
  StoredBot,
  WrittenChange,
} from "../documents/bot_repository.ts";
import { changedFields } from "../documents/changed_fields.ts";
import { namedDocument } from "../documents/named_document.ts";
import { advance, ALREADY_EXISTS, refuseStale } from "../events/event_order.ts";
import { SqliteCalls } from "./sqlite_calls.ts";
import type { SqliteDocumentKind } from "./sqlite_document_kind.ts";
import { readDocument, writeDocument } from "./sqlite_documents.ts";
import { migrateSqlite } from "./sqlite_migrations.ts";
import { SqlitePositions } from "./sqlite_positions.ts";
import { inTransaction } from "./sqlite_transaction.ts";

/** Options of a {@linkcode SqliteDocumentRepository}. */
export interface SqliteDocumentRepositoryOptions {
  /** Returns the current time in ms since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** Documents in SQLite, one per row. One transaction writes a document and its event position. */
export class SqliteDocumentRepository implements BotRepository {
  /** The connection. */
  protected readonly database: DatabaseSync;
  /** Runs every call. */
  protected readonly calls: SqliteCalls = new SqliteCalls();
  readonly #kind: SqliteDocumentKind;
  readonly #positions: SqlitePositions;
  readonly #now: () => number;

  /**
   * @param database The connection, which stays open when this is disposed.
   * @param kind Kind of the documents.
   * @param options The clock.
   */
  constructor(
    database: DatabaseSync,
    kind: SqliteDocumentKind,
    options: SqliteDocumentRepositoryOptions = {},
  ) {
    this.database = database;
    this.#kind = kind;
    this.#now = options.now ?? Date.now;
    this.#positions = new SqlitePositions(database, kind.positions, this.#now);
  }

  /** See {@linkcode BotRepository.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.calls.run("prepare the tables", options, () => {
      migrateSqlite(this.database);
      this.#positions.forgetOldDeletions();
    });
  }

  /** See {@linkcode BotRepository.get}. */
  get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined> {
    return this.calls.run(`read ${this.#kind.one} '${id}'`, options, () => this.#read(id));
  }

  /** See {@linkcode BotRepository.list}. */
  list(options?: RepositoryCallOptions): Promise<StoredBot[]> {
    return this.calls.run(`read the ${this.#kind.many}`, options, () => {
      const rows = this.database.prepare(`SELECT id, document FROM ${this.#kind.table} ORDER BY id`).all();
      return rows.map(({ id, document }) =>
        namedDocument({ key: id as string, document: readDocument(id as string, document as string) })
      );
    });
  }

  /** See {@linkcode BotRepository.wasDeleted}. */
  wasDeleted(id: string, options?: RepositoryCallOptions): Promise<boolean> {
    return this.calls.run(
      `read how ${this.#kind.one} '${id}' was changed`,
      options,
      () => this.#positions.get(id).deleted,
    );
  }

  /** See {@linkcode BotRepository.apply}. */
  async apply(change: BotChange, options?: ApplyOptions): Promise<boolean> {
    return (await this.write(change, options)).refusal === undefined;
  }

  /** See {@linkcode BotRepository.write}. One transaction writes document and position. */
  write(change: BotChange, options?: ApplyOptions): Promise<WrittenChange> {
    return this.calls.run(`write ${this.#kind.one} '${change.id}'`, options, () => {
      const refusal = inTransaction(this.database, (): Refusal | undefined => {
        const document = this.#read(change.id);
        const position = this.#positions.get(change.id);
        const seen = { position, hasDocument: document !== undefined, now: this.#now() };
        const stale = refuseStale(change.order, seen);
        if (stale) return stale;
        this.#positions.set(change.id, advance(position, change));
        return this.#write(change, document, options?.newFields) ? undefined : ALREADY_EXISTS;
      });
      const positionSaved = Promise.resolve();
      return refusal
        ? { refusal, positionSaved }
        : { current: { document: this.#read(change.id) }, positionSaved };
    });
  }

  /** Refuses new calls. The connection stays open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.calls.close();
    return Promise.resolve();
  }

  #read(id: string): BotDocument | undefined {
    const row = this.database.prepare(`SELECT document FROM ${this.#kind.table} WHERE id = ?`).get(id);
    return row && readDocument(id, row.document as string);
  }

  #write(change: BotChange, current: BotDocument | undefined, newFields: BotDocument = {}): boolean {
    const { table } = this.#kind;
    if (change.type === "deleted") {
      this.database.prepare(`DELETE FROM ${table} WHERE id = ?`).run(change.id);
      return true;
    }
    if (change.type === "created" && current) return false;
    const text = writeDocument(change.id, { ...(current ?? newFields), ...changedFields(change) });
    this.database.prepare(`INSERT OR REPLACE INTO ${table} (id, document) VALUES (?, ?)`).run(
      change.id,
      text,
    );
    return true;
  }
}
