/**
 * Reduces many changes of many documents to those that make a difference.
 *
 * @module
 */

import { changedFields } from "../documents/changed_fields.ts";
import type { BotChange } from "../documents/bot_repository.ts";

/**
 * Collects changes in order, and keeps the fewest that lead to the same documents. Most documents keep one: a deletion
 * replaces all earlier changes, and an update replaces a creation or an update whose fields it names.
 */
export class ChangeFold {
  readonly #changes = new Map<string, BotChange[]>();

  /** Number of documents with changes. */
  get size(): number {
    return this.#changes.size;
  }

  /**
   * Adds a change, which must be later than the earlier ones.
   *
   * @param change The change.
   */
  add(change: BotChange): void {
    const { id } = change;
    if (change.type === "deleted") return void this.#changes.set(id, [change]);
    const kept = this.#changes.get(id) ?? [];
    while (outdates(change, kept.at(-1))) kept.pop();
    kept.push(change);
    this.#changes.set(id, kept);
  }

  /**
   * Gives the changes that are kept.
   *
   * @returns The id of each document and its changes, in order.
   */
  entries(): IterableIterator<[string, readonly BotChange[]]> {
    return this.#changes.entries();
  }
}

function outdates(change: BotChange, before: BotChange | undefined): boolean {
  if (change.type !== "updated" || !before || before.type === "deleted") return false;
  const fields = changedFields(change);
  return Object.keys(changedFields(before)).every((name) => Object.hasOwn(fields, name));
}
