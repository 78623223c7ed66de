/**
 * Which of two events of one bot is the newer.
 *
 * @module
 */

import { updatedAtOf } from "../documents/bot_document.ts";
import type { BotChange, BotDocument, EventOrder } from "../documents/bot_repository.ts";

/** How far the events of one bot have come. */
export interface BotPosition extends EventOrder {
  /** Whether the last of them was a deletion. */
  readonly deleted: boolean;
}

/** The position of a bot of which nothing was heard. */
export const NO_POSITION: BotPosition = { deleted: false };

/** How long a deletion is remembered, in ms: 30 days, while streams keep events for 7. */
export const DELETION_MEMORY_MS: number = 30 * 24 * 60 * 60 * 1000;

/**
 * Compares two events by `sequence` where both have one, else by `updatedAt` where both have one.
 *
 * @param a One.
 * @param b The other.
 * @returns Less than 0 when `a` is the older, more than 0 when it is the newer, 0 when they are equal; `undefined` when
 * there is nothing to compare.
 */
export function compareEventOrder(a: EventOrder, b: EventOrder): number | undefined {
  return difference(a.sequence, b.sequence) ?? difference(a.updatedAt, b.updatedAt);
}

/**
 * What a bot has seen. Its document may have been written by other programs since its last event, or before the first.
 *
 * @param position How far its events have come.
 * @param document Its document, where there is one.
 * @returns The position, at least as late as the document, and not deleted when there is one.
 */
export function seenBy(position: BotPosition, document: BotDocument | undefined): BotPosition {
  if (document === undefined) return position;
  const times = [position.updatedAt, updatedAtOf(document)].filter((time) => time !== undefined);
  return { ...position, deleted: false, ...(times.length > 0 && { updatedAt: Math.max(...times) }) };
}

/**
 * Whether an event is newer than all that a bot has seen.
 *
 * The same sequence is the same event again. The same time is not: `custom.updatedAt` tells of the bot's code, so a
 * change of its configuration leaves it as it was. What comes last wins then, but does not undo a deletion. Where
 * there is nothing to compare, what comes last wins too.
 *
 * @param order The event.
 * @param seen What the bot has seen.
 * @returns Whether to apply it.
 */
export function isNewer(order: EventOrder, seen: BotPosition): boolean {
  const bySequence = difference(order.sequence, seen.sequence);
  if (bySequence !== undefined) return bySequence > 0;
  const byTime = difference(order.updatedAt, seen.updatedAt);
  return byTime === undefined || byTime > 0 || (byTime === 0 && !seen.deleted);
}

/**
 * The position after a change.
 *
 * @param seen The position before it.
 * @param change A change that is newer.
 * @returns What the change does not say stays as it was, so that a deletion without a time keeps that of the document.
 */
export function advance(seen: BotPosition, change: BotChange): BotPosition {
  const sequence = change.order.sequence ?? seen.sequence;
  const updatedAt = change.order.updatedAt ?? seen.updatedAt;
  return {
    deleted: change.type === "deleted",
    ...(sequence !== undefined && { sequence }),
    ...(updatedAt !== undefined && { updatedAt }),
  };
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  const result = (a ?? NaN) - (b ?? NaN);
  return Number.isNaN(result) ? undefined : result;
}
