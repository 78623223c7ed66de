/**
 * Many changes of many documents, reduced to those that make a difference.
 *
 * @module
 */

import { changedFields } from "../documents/changed_fields.ts";
import type { BotChange } from "../documents/bot_repository.ts";

/**
 * Collects changes in their order and keeps of each document those alone whose application in turn leaves the same as
 * that of all. Most documents keep one: a deletion outdates what came before it, and an update outdates a creation or
 * an update whose fields it names.
 */
export class ChangeFold {
  readonly #changes = new Map<string, BotChange[]>();

  /** How many documents have changes. */
  get size(): number {
    return this.#changes.size;
  }

  /**
   * Adds a change, which is later than those before it.
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
   * Gives what was kept.
   *
   * @returns Each document's id and its changes, in their order.
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
