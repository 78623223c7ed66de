/**
 * Decides which of two changes of a document is newer.
 *
 * The sequence of a stream decides if there is one, else the time of publication. `custom.updatedAt` decides
 * nothing: it belongs to the version of the code, stays the same when only the configuration changes, and goes back
 * when a bot goes back to an earlier version.
 *
 * @module
 */

import type { BotChange, EventOrder, Refusal } from "../documents/bot_repository.ts";

/** Position of a document: the last change that was applied to it. */
export interface BotPosition {
  /** Sequence of the last event from a stream. */
  readonly sequence?: number;
  /** Time of the last change in ms since the epoch, if that change had no sequence. */
  readonly publishedAt?: number;
  /** Whether the last change was a deletion. */
  readonly deleted: boolean;
}

/** Position of a document to which no change has been applied. */
export const NO_POSITION: BotPosition = { deleted: false };

/**
 * How far the clocks of a stream's server and of a program that writes documents may differ, in ms. An older event that
 * slips through is soon corrected, because that program publishes its change afterwards; a newer event that is refused
 * would be lost.
 */
const MAX_CLOCK_SKEW_MS = 5_000;

/** How long a deletion is remembered, in ms: 30 days, while streams keep events for 7. */
export const DELETION_MEMORY_MS: number = 30 * 24 * 60 * 60 * 1000;

/** State of a document before a change is applied. */
export interface BotSeen {
  /** Its position. */
  readonly position: BotPosition;
  /** Whether the document exists. Other programs also write and remove documents. */
  readonly hasDocument: boolean;
  /** Current time in ms since the epoch. */
  readonly now: number;
}

/** Refusal of a change that creates an existing document. */
export const ALREADY_EXISTS: Refusal = {
  kind: "exists",
  reason: "the document already exists",
};

/**
 * Refuses a change that is not newer than the position of its document. A change without an order is always newer.
 *
 * A stored time in the future is ignored: a clock that was wrong once must not block changes until then.
 *
 * @param order The order of the change.
 * @param seen The document before the change.
 * @returns Why the change is refused; `undefined` if it should be applied.
 */
export function refuseStale(order: EventOrder, { position, hasDocument, now }: BotSeen): Refusal | undefined {
  const { sequence, publishedAt = Infinity, isHistory = false } = order;
  if (sequence !== undefined && position.sequence !== undefined && sequence <= position.sequence) {
    return { kind: "repeated", reason: "this event or a later one was applied before" };
  }
  const lastAt = position.publishedAt !== undefined && position.publishedAt <= now
    ? position.publishedAt
    : undefined;
  const apartMs = sequence === undefined ? 0 : MAX_CLOCK_SKEW_MS;
  if (lastAt !== undefined && publishedAt < lastAt - apartMs) {
    const last = new Date(lastAt).toISOString();
    return { kind: "older", reason: `it is older than the change made at ${last}` };
  }
  // A repeated deletion must not remove a document that another program has written since.
  if (lastAt !== undefined && sequence === undefined && publishedAt === lastAt && position.deleted) {
    return { kind: "repeated", reason: "this deletion was applied before" };
  }
  const isUnknown = position.sequence === undefined && position.publishedAt === undefined;
  if (isHistory && hasDocument && (isUnknown || position.deleted)) {
    return {
      kind: "documented",
      reason: "it was published before Berth first connected, so the existing document counts",
    };
  }
  return undefined;
}

/**
 * Advances a position past a change.
 *
 * @param position The position before the change.
 * @param change A newer change.
 * @returns The new position. A change without a sequence keeps the old one; a change with one drops the time.
 */
export function advance(position: BotPosition, change: BotChange): BotPosition {
  const { order } = change;
  const sequence = order.sequence ?? position.sequence;
  const publishedAt = order.sequence === undefined ? order.publishedAt ?? position.publishedAt : undefined;
  return {
    deleted: change.type === "deleted",
    ...(sequence !== undefined && { sequence }),
    ...(publishedAt !== undefined && { publishedAt }),
  };
}
