/**
 * Which of two changes of one document is the newer.
 *
 * The sequence of a stream decides where there is one, else the time of publication. `custom.updatedAt` decides
 * nothing: it belongs to the version of the code, stays the same when only the configuration changes, and goes back
 * when a bot goes back to an earlier version.
 *
 * @module
 */

import type { BotChange, EventOrder, Refusal } from "../documents/bot_repository.ts";

/** How far the changes of one document have come. */
export interface BotPosition {
  /** Sequence of the last event that came from a stream. */
  readonly sequence?: number;
  /** When the last change was made, in ms since the epoch, if that change came without a sequence. */
  readonly publishedAt?: number;
  /** Whether the last change was a deletion. */
  readonly deleted: boolean;
}

/** The position of a document to which no change was applied yet. */
export const NO_POSITION: BotPosition = { deleted: false };

/**
 * How far the clock of a stream's server may differ from that of a program that writes documents itself, in ms. Such a
 * program publishes its change after it, so an older event that slips through is soon corrected; a newer one that is
 * refused is lost.
 */
const MAX_CLOCK_SKEW_MS = 5_000;

/** How long a deletion is remembered, in ms: 30 days, while streams keep events for 7. */
export const DELETION_MEMORY_MS: number = 30 * 24 * 60 * 60 * 1000;

/** What is known of a document before a change is applied. */
export interface BotSeen {
  /** How far its changes have come. */
  readonly position: BotPosition;
  /** Whether there is a document. Other programs write and remove documents, too. */
  readonly hasDocument: boolean;
  /** The time, in ms since the epoch. */
  readonly now: number;
}

/** A creation of a document that there is. */
export const ALREADY_EXISTS: Refusal = {
  kind: "exists",
  reason: "it creates a document that exists already, which changes nothing",
};

/**
 * Decides whether a change is newer than all that its document has seen. A change without an order is.
 *
 * A stored time that lies in the future is not believed: a clock that was wrong once must not shut out what comes
 * until then.
 *
 * @param order The change.
 * @param seen What the document has seen.
 * @returns `undefined` when the change is to be applied, else why it is not.
 */
export function refuseStale(order: EventOrder, { position, hasDocument, now }: BotSeen): Refusal | undefined {
  const { sequence, publishedAt = Infinity, isHistory = false } = order;
  if (sequence !== undefined && position.sequence !== undefined && sequence <= position.sequence) {
    return { kind: "repeated", reason: "it was applied before, or a later event was" };
  }
  const lastAt = position.publishedAt !== undefined && position.publishedAt <= now
    ? position.publishedAt
    : undefined;
  const apartMs = sequence === undefined ? 0 : MAX_CLOCK_SKEW_MS;
  if (lastAt !== undefined && publishedAt < lastAt - apartMs) {
    const last = new Date(lastAt).toISOString();
    return { kind: "older", reason: `it is older than the change that was made at ${last}` };
  }
  // A deletion that is found twice must not remove what another program has written since.
  if (lastAt !== undefined && sequence === undefined && publishedAt === lastAt && position.deleted) {
    return { kind: "repeated", reason: "the document was deleted by this change already" };
  }
  const isUnknown = position.sequence === undefined && position.publishedAt === undefined;
  if (isHistory && hasDocument && (isUnknown || position.deleted)) {
    return {
      kind: "documented",
      reason: "it was published before Berth first connected, and the document that was there counts",
    };
  }
  return undefined;
}

/**
 * The position after a change.
 *
 * @param position The position before it.
 * @param change A change that is newer.
 * @returns The sequence stays when the change has none; the time stays only until an event with a sequence follows.
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
