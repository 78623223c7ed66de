/**
 * Documents of one kind in MongoDB.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import type { Collection, Document, MongoClient } from "mongodb";
import { limitSilence } from "../../lib/util/call_scope.ts";
import { compareKeys } from "../../lib/objects/object_name.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { allSettledOrThrow } from "../../lib/util/promises.ts";
import type {
  ApplyOptions,
  BotChange,
  BotDocument,
  BotRepository,
  RepositoryCallOptions,
  StoredBot,
  WrittenChange,
} from "../documents/bot_repository.ts";
import { changedFields } from "../documents/changed_fields.ts";
import { namedDocument } from "../documents/named_document.ts";
import { unreadableReason } from "../documents/unreadable_document.ts";
import { UnstorableDocumentError } from "../documents/unstorable_document_error.ts";
import { advance, ALREADY_EXISTS, refuseStale } from "../events/event_order.ts";
import { MongoCalls } from "./mongo_calls.ts";
import type { MongoDocumentKind } from "./mongo_document_kind.ts";
import { MongoDocumentBatches } from "./mongo_document_batches.ts";
import { type MongoDocument, newestOf, readMongoDocument } from "./mongo_documents.ts";
import { isDuplicateKey, toWriteError } from "./mongo_errors.ts";
import { ensureIndex } from "./mongo_indexes.ts";
import { type MongoRefusal, refusalOf, withRefusal } from "./mongo_refusals.ts";
import { type MongoPosition, MongoPositions } from "./mongo_positions.ts";

/** Options of a {@linkcode MongoDocumentRepository}. */
export interface MongoDocumentRepositoryOptions {
  /** Name of the database. @default the database of the kind */
  readonly database?: string;
  /**
   * How long the server may be silent, in ms.
   *
   * @default 15000
   */
  readonly limitMs?: number;
  /** Returns the current time in ms since the epoch. @default Date.now */
  readonly now?: () => number;
}

/**
 * Documents in one collection, and the event position of each in another. A change writes first the document,
 * then the position. If only the first succeeds, the event is delivered and applied again, which changes
 * nothing. Within a process, changes of one document are applied one at a time. Two processes that apply two
 * events of one document at the same moment may leave the older one.
 */
export class MongoDocumentRepository implements BotRepository {
  /** The documents. */
  protected readonly documents: Collection;
  /** Bounds every call. */
  protected readonly calls: MongoCalls;
  /** Serializes the changes of a document: not every server keeps two concurrent ones. */
  protected readonly changes: KeyedMutex = new KeyedMutex();
  readonly #kind: MongoDocumentKind;
  readonly #batches: MongoDocumentBatches;
  readonly #positions: MongoPositions;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Changes that could not be stored, as of the last list and since. */
  #refusals = new Map<string, MongoRefusal>();
  #lastDuplicates = "";
  #areIdsUnique = false;

  /**
   * @param client The connection, which stays open when this is disposed.
   * @param kind Kind of the documents.
   * @param options The database, the time limit and the clock.
   */
  constructor(client: MongoClient, kind: MongoDocumentKind, options: MongoDocumentRepositoryOptions = {}) {
    const database = client.db(options.database ?? kind.database);
    this.#kind = kind;
    this.documents = database.collection(kind.collection);
    this.#log = getLogger(["berth", kind.many]);
    const calls = this.calls = new MongoCalls(client, options.limitMs ?? 15_000);
    const collection = database.collection<MongoPosition>(kind.positions);
    this.#now = options.now ?? Date.now;
    this.#positions = new MongoPositions({ collection, calls, now: this.#now });
    const { documents } = this;
    this.#batches = new MongoDocumentBatches({
      ...kind,
      documents,
      calls,
      areIdsUnique: () => this.#areIdsUnique,
    });
  }

  /**
   * See {@linkcode BotRepository.open}. If ids are not unique, logs a warning and continues: the newest
   * document counts.
   */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.calls.run(`prepare collection '${this.#kind.collection}'`, options, async () => {
      const [refusal] = await allSettledOrThrow([
        ensureIndex(this.documents, { id: 1 }, { unique: true }),
        this.#positions.forgetOldDeletions(),
      ]);
      this.#areIdsUnique = !refusal;
      if (refusal) {
        this.#log.warn(
          "no unique index on {collection}.id: of documents with the same id, the one with the newest " +
            "custom.updatedAt counts",
          { collection: this.#kind.collection, code: refusal.code, reason: refusal.message },
        );
      }
    });
  }

  /** See {@linkcode BotRepository.get}. */
  get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined> {
    return this.calls.run(
      `read ${this.#kind.one} '${id}'`,
      options,
      async () => this.seen(id, (await this.newest(id))?.document),
    );
  }

  /** See {@linkcode BotRepository.list}. */
  list(options?: RepositoryCallOptions): Promise<StoredBot[]> {
    return this.calls.run(`read the ${this.#kind.many}`, options, async (scope) => {
      this.#refusals = await this.#positions.refusals(scope.signal);
      const withoutId: StoredBot[] = [];
      const byId = new Map<string, MongoDocument[]>();
      const cursor = this.documents.find({}, { raw: true, signal: scope.signal });
      for await (const bytes of limitSilence(cursor, scope)) {
        const { hasId, ...found } = readMongoDocument(bytes as unknown as Uint8Array);
        const { key, document } = found;
        if (!hasId) withoutId.push({ key, document });
        else byId.set(key, [...byId.get(key) ?? [], { ...found, hasId }]);
      }
      this.#reportDuplicates([...byId].filter(([, documents]) => documents.length > 1).map(([id]) => id));
      // Documents that could not be stored are included.
      const bots = [...new Set([...byId.keys(), ...this.#refusals.keys()])].flatMap((key) => {
        const document = this.seen(key, newestOf(byId.get(key) ?? [])?.document);
        return document ? [namedDocument({ key, document })] : [];
      });
      return [...bots, ...withoutId].sort((a, b) => compareKeys(a.key, b.key));
    });
  }

  /** See {@linkcode BotRepository.wasDeleted}. */
  async wasDeleted(id: string): Promise<boolean> {
    return (await this.#positions.get(id)).deleted;
  }

  /** See {@linkcode BotRepository.apply}. */
  async apply(change: BotChange, options?: ApplyOptions): Promise<boolean> {
    const { refusal, positionSaved } = await this.write(change, options);
    await positionSaved;
    return refusal === undefined;
  }

  /** See {@linkcode BotRepository.write}. */
  write(change: BotChange, options?: ApplyOptions): Promise<WrittenChange> {
    const { id } = change;
    const written = Promise.withResolvers<Omit<WrittenChange, "positionSaved">>();
    const positionSaved = this.calls.run(
      `write ${this.#kind.one} '${id}'`,
      options,
      ({ signal }) =>
        this.changes.run(id, async () => {
          signal.throwIfAborted();
          const [position, current] = await Promise.all([this.#positions.get(id), this.newest(id)]);
          const stale = refuseStale(change.order, {
            position,
            hasDocument: current !== undefined,
            now: this.#now(),
          });
          if (stale) return written.resolve({ refusal: stale });
          signal.throwIfAborted();
          const next = advance(position, change);
          const result = await this.#write(change, current, options?.newFields).catch(async (cause) => {
            const error = toWriteError(id, cause);
            if (!(error instanceof UnstorableDocumentError) || change.type === "deleted") throw error;
            const wanted = { ...options?.newFields, ...current?.document, ...changedFields(change) };
            const refusal = refusalOf(error.reason, wanted, current?.document);
            await this.#positions.advance({ id, position: next, refusal });
            this.#refusals.set(id, refusal);
            throw error;
          });
          this.#refusals.delete(id);
          written.resolve(result);
          await this.#positions.advance({ id, position: next });
        }),
    );
    positionSaved.catch(written.reject);
    return written.promise.then((result) => ({ ...result, positionSaved }));
  }

  /** Aborts running calls and refuses new ones. The connection stays open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.calls.close();
    return Promise.resolve();
  }

  /** Whether the server is known to enforce unique ids. */
  protected get areIdsUnique(): boolean {
    return this.#areIdsUnique;
  }

  /**
   * Returns the document to show: a change that could not be stored replaces the stored document.
   *
   * @param id Id of the document.
   * @param stored The stored document.
   */
  protected seen(id: string, stored: BotDocument | undefined): BotDocument | undefined {
    return withRefusal(id, this.#refusals.get(id), stored);
  }

  /**
   * Reads the newest document of an id.
   *
   * @param id Id of the document.
   * @returns The document, or `undefined` if there is none.
   */
  protected newest(id: string): Promise<MongoDocument | undefined> {
    return this.#batches.newest(id);
  }

  /**
   * Converts the fields of a change to their stored form.
   *
   * @param fields The fields to set.
   * @returns Their BSON values.
   */
  protected toStored(fields: BotDocument): Document {
    return fields;
  }

  async #write(
    change: BotChange,
    current: MongoDocument | undefined,
    newFields: BotDocument = {},
  ): Promise<Omit<WrittenChange, "positionSaved">> {
    const { id } = change;
    if (change.type === "deleted") {
      await this.documents.deleteMany({ id });
      return { current: { document: undefined } };
    }
    const plain = changedFields(change);
    const fields = this.toStored(plain);
    const added = Object.fromEntries(
      Object.entries(newFields).filter(([name]) => !Object.hasOwn(plain, name)),
    );
    if (change.type === "created") {
      if (current || !await this.#insert(id, { ...added, ...fields })) return { refusal: ALREADY_EXISTS };
      return { current: { document: { ...added, ...plain } } };
    }
    const mongoId = current?.mongoId;
    if (mongoId !== undefined && await this.#batches.set({ id, mongoId, fields })) {
      const isKnown = this.#areIdsUnique && unreadableReason(current!.document) === undefined;
      return isKnown ? { current: { document: { ...current!.document, ...plain } } } : {};
    }
    const onInsert = Object.keys(added).length > 0 ? { $setOnInsert: added } : {};
    await this.documents.updateOne({ id }, { $set: fields, ...onInsert }, { upsert: true });
    return {};
  }

  async #insert(id: string, fields: Document): Promise<boolean> {
    try {
      const { upsertedCount } = await this.documents.updateOne({ id }, { $setOnInsert: fields }, {
        upsert: true,
      });
      return upsertedCount > 0;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  #reportDuplicates(ids: readonly string[]): void {
    const now = ids.join("\n");
    if (now !== "" && now !== this.#lastDuplicates) {
      this.#log.warn("several documents have the same id; the one with the newest custom.updatedAt counts", {
        ids,
      });
    }
    this.#lastDuplicates = now;
  }
}
