/**
 * Reads and writes of single documents of a collection, made together when they come together.
 *
 * @module
 */

import { type Collection, type Document, MongoServerError } from "mongodb";
import { UnstorableDocumentError } from "../documents/unstorable_document_error.ts";
import { batched } from "./batched.ts";
import type { MongoCalls } from "./mongo_calls.ts";
import { type MongoDocument, newestOf, readMongoDocument } from "./mongo_documents.ts";
import { toWriteError } from "./mongo_errors.ts";

/** Fields of a document that are to be set. */
export interface MongoUpdate {
  /** Id of the bot. */
  readonly id: string;
  /** The document's `_id`. */
  readonly mongoId: unknown;
  /** The fields. */
  readonly fields: Document;
}

/** What {@linkcode MongoDocumentBatches} needs. */
export interface MongoDocumentBatchesOptions {
  /** The collection. */
  readonly documents: Collection;
  /** What every call goes through. */
  readonly calls: MongoCalls;
  /** One of the documents, for messages. */
  readonly one: string;
  /** Several of them. */
  readonly many: string;
  /** Whether the server is known to allow one document of an id only. */
  readonly areIdsUnique: () => boolean;
}

/** Calls about single documents. Each has the time limit of the calls; none is given up before it is answered. */
export class MongoDocumentBatches {
  readonly #options: MongoDocumentBatchesOptions;
  /** Reads the document of an id that counts; `undefined` when there is none. */
  readonly newest: (id: string) => Promise<MongoDocument | undefined> = batched({
    alone: (id) => this.#readOne(id),
    together: (ids) => this.#readMany(ids),
  });
  /**
   * Sets fields of a document; resolves with `false` when it is there no more, and rejects with an
   * `UnstorableDocumentError` when they cannot be stored.
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
      // Whose a document is whose id cannot be read, or is a list, the server knows.
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

  /** Setting the same fields once more changes nothing: where any was refused or not found, all are made again. */
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
