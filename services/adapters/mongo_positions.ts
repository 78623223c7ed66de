/**
 * How far the events of each bot have come, in a collection of Berth's own: the documents are other programs', too.
 *
 * @module
 */

import type { Collection, Filter } from "mongodb";
import { type BotPosition, DELETION_MEMORY_MS, NO_POSITION } from "../events/event_order.ts";
import { isDuplicateKey } from "./mongo_errors.ts";

/** A position as it is stored. */
export interface MongoPosition {
  /** Id of the bot: unique without an index that would have to be made. */
  readonly _id: string;
  /** Sequence of its last event. */
  readonly sequence?: number;
  /** Time of its last change, in ms since the epoch. */
  readonly updatedAt?: number;
  /** Whether it was deleted. */
  readonly deleted: boolean;
  /** When this was written. */
  readonly writtenAt: Date;
}

/** The positions of all bots. */
export class MongoPositions {
  readonly #collection: Collection<MongoPosition>;
  readonly #now: () => number;

  /**
   * Makes one; nothing is read yet.
   *
   * @param collection The collection.
   * @param now The time, in ms since the epoch.
   */
  constructor(collection: Collection<MongoPosition>, now: () => number) {
    this.#collection = collection;
    this.#now = now;
  }

  /**
   * Reads a position.
   *
   * @param id Id of the bot.
   * @param signal Gives up.
   * @returns The position.
   */
  async get(id: string, signal: AbortSignal): Promise<BotPosition> {
    const found = await this.#collection.findOne({ _id: id }, { signal });
    if (!found) return NO_POSITION;
    const { sequence, updatedAt, deleted } = found;
    return {
      deleted: deleted === true,
      ...(typeof sequence === "number" && { sequence }),
      ...(typeof updatedAt === "number" && { updatedAt }),
    };
  }

  /**
   * Writes a position, unless another process has got further meanwhile.
   *
   * @param id Id of the bot.
   * @param position The position.
   */
  async advance(id: string, position: BotPosition): Promise<void> {
    const { sequence } = position;
    const filter: Filter<MongoPosition> = sequence === undefined
      ? { _id: id }
      : { _id: id, $or: [{ sequence: { $exists: false } }, { sequence: { $lte: sequence } }] };
    try {
      const writtenAt = new Date(this.#now());
      await this.#collection.updateOne(filter, { $set: { ...position, writtenAt } }, { upsert: true });
    } catch (error) {
      // The filter did not match, so there is a later one.
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** Forgets deletions that no event can undo any more. */
  async forgetOldDeletions(): Promise<void> {
    const writtenAt = { $lt: new Date(this.#now() - DELETION_MEMORY_MS) };
    await this.#collection.deleteMany({ deleted: true, writtenAt });
  }
}
