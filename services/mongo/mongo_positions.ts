/**
 * How far the events of each bot have come, in a collection of Berth's own: the documents are other programs', too.
 *
 * @module
 */

import { type Collection, type Filter, MongoBulkWriteError, MongoServerError } from "mongodb";
import { type BotPosition, DELETION_MEMORY_MS, NO_POSITION } from "../events/event_order.ts";
import { batched } from "./batched.ts";
import type { MongoCalls } from "./mongo_calls.ts";
import type { MongoRefusal } from "./mongo_refusals.ts";
import { duplicateKeysOf, isDuplicateKey } from "./mongo_errors.ts";

/** A position as it is stored. */
export interface MongoPosition {
  /** Id of the bot: unique without an index that would have to be made. */
  readonly _id: string;
  /** Sequence of its last event. */
  readonly sequence?: number;
  /** When its last change was made, in ms since the epoch, if that came without a sequence. */
  readonly publishedAt?: number;
  /** Whether it was deleted. */
  readonly deleted: boolean;
  /** The last change, if the database could not store it. */
  readonly refusal?: MongoRefusal;
  /** When this was written. */
  readonly writtenAt: Date;
}

/** A position to be written. */
export interface Advance {
  /** Id of the bot. */
  readonly id: string;
  /** The position. */
  readonly position: BotPosition;
  /** The change, if the database could not store it. */
  readonly refusal?: MongoRefusal;
}

/** What {@linkcode MongoPositions} needs. */
export interface MongoPositionsOptions {
  /** The collection. */
  readonly collection: Collection<MongoPosition>;
  /** What every call goes through. */
  readonly calls: MongoCalls;
  /** The time, in ms since the epoch. */
  readonly now: () => number;
}

/** The positions of all bots. Reads, and writes, that come together are made together. */
export class MongoPositions {
  readonly #collection: Collection<MongoPosition>;
  readonly #calls: MongoCalls;
  readonly #now: () => number;
  /** Reads the position of a bot by its id. */
  readonly get: (id: string) => Promise<BotPosition> = batched({
    alone: async (id) => (await this.#read([id]))[0]!,
    together: (ids) => this.#read(ids),
  });
  /** Writes a position, unless another process has got further meanwhile. */
  readonly advance: (advance: Advance) => Promise<void> = batched({
    alone: (advance) => this.#write(advance),
    together: (advances) => this.#writeMany(advances),
  });

  /** Makes one; nothing is read yet. */
  constructor({ collection, calls, now }: MongoPositionsOptions) {
    this.#collection = collection;
    this.#calls = calls;
    this.#now = now;
  }

  /** Forgets deletions that no event can undo any more. */
  async forgetOldDeletions(): Promise<void> {
    const writtenAt = { $lt: new Date(this.#now() - DELETION_MEMORY_MS) };
    await this.#collection.deleteMany({ deleted: true, writtenAt });
  }

  /**
   * Reads the changes that could not be stored.
   *
   * @returns By the ids of their documents.
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
        // The filter did not match, so there is a later one.
        if (!isDuplicateKey(error)) throw error;
      }
    });
  }

  /** Writing the same position once more changes nothing. */
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
