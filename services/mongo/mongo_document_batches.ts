/**
 * Batches reads and writes of single documents.
 *
 * @module
 */

import { type Collection, type Document, MongoServerError } from "mongodb";
import { UnstorableDocumentError } from "../documents/unstorable_document_error.ts";
import { batched } from "../../lib/util/batched.ts";
import type { MongoCalls } from "./mongo_calls.ts";
import { type MongoDocument, newestOf, readMongoDocument } from "./mongo_documents.ts";
import { toWriteError } from "./mongo_errors.ts";

/** Fields to set in a document. */
export interface MongoUpdate {
  /** Id of the bot. */
  readonly id: string;
  /** The document's `_id`. */
  readonly mongoId: unknown;
  /** The fields. */
  readonly fields: Document;
}

/** Input of {@linkcode MongoDocumentBatches}. */
export interface MongoDocumentBatchesOptions {
  /** The collection. */
  readonly documents: Collection;
  /** Bounds every call. */
  readonly calls: MongoCalls;
  /** Singular of the kind of document, for messages. */
  readonly one: string;
  /** Plural of the kind of document. */
  readonly many: string;
  /** Whether the server is known to enforce unique ids. */
  readonly areIdsUnique: () => boolean;
}

/**
 * Calls for single documents. Each has the time limit of the calls; none is abandoned before it is answered.
 */
export class MongoDocumentBatches {
  readonly #options: MongoDocumentBatchesOptions;
  /** Reads the newest document of an id; `undefined` if there is none. */
  readonly newest: (id: string) => Promise<MongoDocument | undefined> = batched({
    alone: (id) => this.#readOne(id),
    together: (ids) => this.#readMany(ids),
  });
  /**
   * Sets fields of a document. Resolves to `false` if the document is gone; rejects with an
   * `UnstorableDocumentError` if the fields cannot be stored.
   */
  readonly set: (update: MongoUpdate) => Promise<boolean> = batched({
    alone: (update) => this.#writeOne(update),
    together: (updates) => this.#writeMany(updates),
  });

  constructor(options: MongoDocumentBatchesOptions) {
    this.#options = options;
  }

  #readOne(id: string): Promise<MongoDocument | undefined> {
    const { documents, calls, one, areIdsUnique } = this.#options;
    return calls.run(`read ${one} '${id}'`, {}, async ({ signal }) => {
      const cursor = documents.find({ id }, { raw: true, signal });
      return newestOf(read(await (areIdsUnique() ? cursor.limit(1) : cursor).toArray()));
    });
  }

  #readMany(ids: readonly string[]): Promise<(MongoDocument | undefined)[] | undefined> {
    const { documents, calls, many } = this.#options;
    return calls.run(`read ${ids.length} ${many}`, {}, async ({ signal }) => {
      const cursor = documents.find({ id: { $in: [...ids] } }, { raw: true, signal });
      const found = Map.groupBy(read(await cursor.toArray()), ({ key }) => key);
      // If an id is unreadable or an array, only the server can match it, so fall back to single queries.
      const isClear = [...found.keys()].every((key) => ids.includes(key));
      return isClear ? ids.map((id) => newestOf(found.get(id) ?? [])) : undefined;
    });
  }

  #writeOne({ id, mongoId, fields }: MongoUpdate): Promise<boolean> {
    const { documents, calls, one } = this.#options;
    return calls.run(`write ${one} '${id}'`, {}, async () => {
      const { matchedCount } = await documents.updateOne({ _id: mongoId as never }, { $set: fields })
        .catch((error) => {
          throw toWriteError(id, error);
        });
      return matchedCount > 0;
    });
  }

  /**
   * Setting the same fields again changes nothing, so if any write was refused or found no document, all are
   * sent again alone.
   */
  #writeMany(updates: readonly MongoUpdate[]): Promise<boolean[] | undefined> {
    const { documents, calls, many } = this.#options;
    return calls.run(`write ${updates.length} ${many}`, {}, async () => {
      try {
        const { matchedCount } = await documents.bulkWrite(
          updates.map(({ mongoId, fields }) => ({
            updateOne: { filter: { _id: mongoId as never }, update: { $set: fields } },
          })),
          { ordered: false },
        );
        return matchedCount === updates.length ? updates.map(() => true) : undefined;
      } catch (error) {
        const isRefused = error instanceof MongoServerError ||
          toWriteError("", error) instanceof UnstorableDocumentError;
        if (isRefused) return undefined;
        throw error;
      }
    });
  }
}

function read(found: readonly unknown[]): MongoDocument[] {
  return found.map((bytes) => readMongoDocument(bytes as Uint8Array));
}
