/**
 * Documents in MongoDB.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Collection, Document, MongoClient } from "mongodb";
import { limitSilence } from "../../lib/call_scope.ts";
import { compareKeys } from "../../lib/compare_keys.ts";
import { KeyedMutex } from "../../lib/keyed_mutex.ts";
import type {
  BotChange,
  BotDocument,
  BotRepository,
  RepositoryCallOptions,
  StoredBot,
} from "../bot_repository.ts";
import { changedFields } from "../changed_fields.ts";
import { advance, isNewer, seenBy } from "../event_order.ts";
import { MongoCalls } from "./mongo_calls.ts";
import { type MongoDocument, newestOf, readMongoDocument } from "./mongo_documents.ts";
import { isDuplicateKey, isIndexRefusal, toWriteError } from "./mongo_errors.ts";
import { type MongoPosition, MongoPositions } from "./mongo_positions.ts";

/** Options of a {@linkcode MongoBotRepository}. */
export interface MongoBotRepositoryOptions {
  /**
   * Name of the database.
   *
   * @default {"bot_runner"}
   */
  readonly database?: string;
  /**
   * How long the server may be silent, in ms.
   *
   * @default {15000}
   */
  readonly limitMs?: number;
  /**
   * The time, in ms since the epoch.
   *
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/**
 * Documents in collection `bots`, and how far the events of each have come in `berth_bot_positions`.
 *
 * A change is two writes, first the document, then the position: when only the first is done, the event is given
 * again and applied again, which changes nothing. Changes of one bot are applied one after the other within a
 * process. Two processes that apply two events of one bot in the same moment may leave the older of the two; a stream
 * with one event in flight at a time keeps them from that.
 */
export class MongoBotRepository implements BotRepository {
  readonly #bots: Collection;
  readonly #positions: MongoPositions;
  readonly #calls: MongoCalls;
  readonly #changes = new KeyedMutex();
  readonly #log = getLogger(["berth", "bots"]);
  #lastDuplicates = "";

  /**
   * Makes one; nothing is sent yet.
   *
   * @param client The connection. It stays its owner's to close.
   * @param options See {@linkcode MongoBotRepositoryOptions}.
   */
  constructor(client: MongoClient, options: MongoBotRepositoryOptions = {}) {
    const database = client.db(options.database ?? "bot_runner");
    this.#bots = database.collection("bots");
    this.#positions = new MongoPositions(
      database.collection<MongoPosition>("berth_bot_positions"),
      options.now ?? Date.now,
    );
    this.#calls = new MongoCalls(client, options.limitMs ?? 15_000);
  }

  /** See {@linkcode BotRepository.open}. Where ids are not unique, it says so and goes on: the newest document counts. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#calls.run("prepare collection 'bots'", options, async () => {
      try {
        await this.#bots.createIndex({ id: 1 }, { unique: true });
      } catch (error) {
        if (!isIndexRefusal(error)) throw error;
        this.#log.warn(
          "no unique index on bots.id: of documents with the same id, the one with the newest custom.updatedAt counts",
          { code: error.code, reason: error.message },
        );
      }
      await this.#positions.forgetOldDeletions();
    });
  }

  /** See {@linkcode BotRepository.get}. */
  get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined> {
    return this.#calls.run(
      `read bot '${id}'`,
      options,
      async ({ signal }) => (await this.#newest(id, signal))?.document,
    );
  }

  /** See {@linkcode BotRepository.list}. */
  list(options?: RepositoryCallOptions): Promise<StoredBot[]> {
    return this.#calls.run("read the bots", options, async (scope) => {
      const withoutId: StoredBot[] = [];
      const byId = new Map<string, MongoDocument[]>();
      const cursor = this.#bots.find({}, { raw: true, signal: scope.signal });
      for await (const bytes of limitSilence(cursor, scope)) {
        const { hasId, ...found } = readMongoDocument(bytes as unknown as Uint8Array);
        const { key, document } = found;
        if (!hasId) withoutId.push({ key, document });
        else byId.set(key, [...byId.get(key) ?? [], { ...found, hasId }]);
      }
      this.#reportDuplicates([...byId].filter(([, documents]) => documents.length > 1).map(([id]) => id));
      const bots = [...byId].map(([key, documents]) => ({ key, document: newestOf(documents)!.document }));
      return [...bots, ...withoutId].sort((a, b) => compareKeys(a.key, b.key));
    });
  }

  /** See {@linkcode BotRepository.apply}. */
  apply(change: BotChange, options?: RepositoryCallOptions): Promise<boolean> {
    const { id } = change;
    return this.#calls.run(`write bot '${id}'`, options, ({ signal }) =>
      this.#changes.run(id, async () => {
        signal.throwIfAborted();
        const [position, current] = await Promise.all([
          this.#positions.get(id, signal),
          this.#newest(id, signal),
        ]);
        const seen = seenBy(position, current?.document);
        if (!isNewer(change.order, seen)) return false;
        signal.throwIfAborted();
        const isApplied = await this.#write(change, current).catch((error) => {
          throw toWriteError(id, error);
        });
        await this.#positions.advance(id, advance(seen, change));
        return isApplied;
      }));
  }

  /** Gives up what is under way and refuses further calls. The connection is left open. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    return Promise.resolve();
  }

  async #newest(id: string, signal: AbortSignal): Promise<MongoDocument | undefined> {
    const found = await this.#bots.find({ id }, { raw: true, signal }).toArray();
    return newestOf(found.map((bytes) => readMongoDocument(bytes as unknown as Uint8Array)));
  }

  async #write(change: BotChange, current: MongoDocument | undefined): Promise<boolean> {
    const { id } = change;
    if (change.type === "deleted") {
      await this.#bots.deleteMany({ id });
      return true;
    }
    const fields: Document = changedFields(change);
    if (change.type === "created") return current ? false : await this.#insert(id, fields);
    if (current?.mongoId !== undefined) {
      const { matchedCount } = await this.#bots.updateOne({ _id: current.mongoId as never }, {
        $set: fields,
      });
      if (matchedCount > 0) return true;
    }
    await this.#bots.updateOne({ id }, { $set: fields }, { upsert: true });
    return true;
  }

  async #insert(id: string, fields: Document): Promise<boolean> {
    try {
      const { upsertedCount } = await this.#bots.updateOne({ id }, { $setOnInsert: fields }, {
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
