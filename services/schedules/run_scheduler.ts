/**
 * Which scheduler looks after a run, and whether it still does.
 *
 * @module
 */

import type { RunRecord } from "./run_repository.ts";

/** How often a scheduler says that it is there, in ms. */
export const HEARTBEAT_INTERVAL_MS = 30_000;
/** A scheduler that was silent for longer is gone, in ms. */
const ORPHANED_AFTER_MS = 5 * 60_000;
/** A run that was known to be a scheduler's own at most so long ago, in ms, may be started: less than the above. */
export const CLAIM_STANDS_MS = 4 * 60_000;

/**
 * Whether the scheduler of a run is gone. A scheduler's own runs are never forsaken: it is there.
 *
 * @param record An open run.
 * @param instance Who asks.
 * @param now The time, in ms since the epoch.
 */
export function isOrphaned({ instance: owner, seenAt }: RunRecord, instance: string, now: number): boolean {
  return owner !== instance && now - seenAt.getTime() > ORPHANED_AFTER_MS;
}

/**
 * Why the record of such a run is closed.
 *
 * @param record The run.
 */
export function whyOrphaned({ instance, seenAt }: RunRecord): string {
  return `its scheduler ${instance} was not heard of since ${seenAt.toISOString()}: how it ended is not known`;
}
