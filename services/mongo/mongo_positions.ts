/**
 * Event positions of documents, in a collection of Berth's own, because other programs also use the
 * documents.
 *
 * @module
 */

import { type Collection, type Filter, MongoBulkWriteError, MongoServerError } from "mongodb";
import { type BotPosition, DELETION_MEMORY_MS, NO_POSITION } from "../events/event_order.ts";
import { batched } from "../../lib/util/batched.ts";
import type { MongoCalls } from "./mongo_calls.ts";
import type { MongoRefusal } from "./mongo_refusals.ts";
import { duplicateKeysOf, isDuplicateKey } from "./mongo_errors.ts";

/** A stored position. */
export interface MongoPosition {
  /** Id of the bot. As `_id` it is unique without creating an index. */
  readonly _id: string;
  /** Sequence of the bot's last event. */
  readonly sequence?: number;
  /** Time of the last change in ms since the epoch, if that change had no sequence. */
  readonly publishedAt?: number;
  /** Whether the last change was a deletion. */
  readonly deleted: boolean;
  /** The last change, if the database could not store it. */
  readonly refusal?: MongoRefusal;
  /** When the position was written. */
  readonly writtenAt: Date;
}

/** A position to write. */
export interface Advance {
  /** Id of the bot. */
  readonly id: string;
  /** The position. */
  readonly position: BotPosition;
  /** The change, if the database could not store it. */
  readonly refusal?: MongoRefusal;
}

/** Input of {@linkcode MongoPositions}. */
export interface MongoPositionsOptions {
  /** The collection. */
  readonly collection: Collection<MongoPosition>;
  /** Bounds every call. */
  readonly calls: MongoCalls;
  /** Returns the current time in ms since the epoch. */
  readonly now: () => number;
}

/** The positions of all bots. Concurrent reads and writes are batched. */
export class MongoPositions {
  readonly #collection: Collection<MongoPosition>;
  readonly #calls: MongoCalls;
  readonly #now: () => number;
  /** Reads the position of a bot by its id. */
  readonly get: (id: string) => Promise<BotPosition> = batched({
    alone: async (id) => (await this.#read([id]))[0]!,
    together: (ids) => this.#read(ids),
  });
  /** Writes a position, unless another process has written a later one meanwhile. */
  readonly advance: (advance: Advance) => Promise<void> = batched({
    alone: (advance) => this.#write(advance),
    together: (advances) => this.#writeMany(advances),
  });

  constructor({ collection, calls, now }: MongoPositionsOptions) {
    this.#collection = collection;
    this.#calls = calls;
    this.#now = now;
  }

  /** Forgets deletions that are too old for any event to undo. */
  async forgetOldDeletions(): Promise<void> {
    const writtenAt = { $lt: new Date(this.#now() - DELETION_MEMORY_MS) };
    await this.#collection.deleteMany({ deleted: true, writtenAt });
  }

  /**
   * Reads the changes that could not be stored.
   *
   * @param signal Aborts the call.
   * @returns The changes by the ids of their documents.
   */
  async refusals(signal: AbortSignal): Promise<Map<string, MongoRefusal>> {
    const found = await this.#collection.find({ refusal: { $exists: true } }, { signal }).toArray();
    return new Map(found.flatMap(({ _id, refusal }) => refusal ? [[_id, refusal]] : []));
  }

  #read(ids: readonly string[]): Promise<BotPosition[]> {
    return this.#calls.run(
      `read how far the events of ${ids.length} bots have come`,
      {},
      async ({ signal }) => {
        const found = await this.#collection.find({ _id: { $in: [...ids] } }, { signal }).toArray();
        const byId = new Map(found.map((position) => [position._id, toPosition(position)]));
        return ids.map((id) => byId.get(id) ?? NO_POSITION);
      },
    );
  }

  #write({ id, position, refusal }: Advance): Promise<void> {
    return this.#calls.run(`write how far the events of bot '${id}' have come`, {}, async () => {
      const { filter, update, upsert } = this.#toUpdate({ id, position, ...(refusal && { refusal }) });
      try {
        await this.#collection.updateOne(filter, update, { upsert });
      } catch (error) {
        // The filter did not match, so the stored position is later.
        if (!isDuplicateKey(error)) throw error;
      }
    });
  }

  /** Writing the same position again changes nothing. */
  #writeMany(advances: readonly Advance[]): Promise<void[] | undefined> {
    const what = `write how far the events of ${advances.length} bots have come`;
    return this.#calls.run(what, {}, async () => {
      const updates = advances.map((advance) => ({ updateOne: this.#toUpdate(advance) }));
      try {
        await this.#collection.bulkWrite(updates, { ordered: false });
      } catch (error) {
        if (!(error instanceof MongoServerError)) throw error;
        const isDone = error instanceof MongoBulkWriteError && duplicateKeysOf(error) !== undefined;
        if (!isDone) return undefined;
      }
      return advances.map(() => {});
    });
  }

  #toUpdate({ id, position, refusal }: Advance) {
    const { sequence } = position;
    const filter: Filter<MongoPosition> = sequence === undefined
      ? { _id: id }
      : { _id: id, $or: [{ sequence: { $exists: false } }, { sequence: { $lte: sequence } }] };
    const writtenAt = new Date(this.#now());
    const set = { ...position, ...(refusal && { refusal }), writtenAt };
    const outdated = {
      ...(position.publishedAt === undefined && { publishedAt: "" as const }),
      ...(!refusal && { refusal: "" as const }),
    };
    const unset = Object.keys(outdated).length > 0 ? { $unset: outdated } : {};
    return { filter, update: { $set: set, ...unset }, upsert: true };
  }
}

function toPosition({ sequence, publishedAt, deleted }: MongoPosition): BotPosition {
  return {
    deleted: deleted === true,
    ...(typeof sequence === "number" && { sequence }),
    ...(typeof publishedAt === "number" && { publishedAt }),
  };
}
