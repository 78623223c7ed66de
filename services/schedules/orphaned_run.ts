/**
 * Decides whether a run's scheduler is still there.
 *
 * @module
 */

import type { RunRecord } from "./run_repository.ts";

/** Interval of a scheduler's heartbeats, in ms. */
export const HEARTBEAT_INTERVAL_MS = 30_000;
/** A scheduler whose last heartbeat is older than this counts as gone, in ms. */
const ORPHANED_AFTER_MS = 5 * 60_000;
/** Time in ms for which a run may be started after it was last known to be a scheduler's own: less than the above. */
export const CLAIM_STANDS_MS = 4 * 60_000;

/**
 * Whether the scheduler of a run is gone. A scheduler's own runs are never orphaned.
 *
 * @param record An open run.
 * @param instance The scheduler that asks.
 * @param now Current time in ms since the epoch.
 */
export function isOrphaned({ instance: owner, seenAt }: RunRecord, instance: string, now: number): boolean {
  return owner !== instance && now - seenAt.getTime() > ORPHANED_AFTER_MS;
}

/** Returns the reason for closing the record of an orphaned run. @param record The run. */
export function whyOrphaned({ instance, seenAt }: RunRecord): string {
  return `its scheduler ${instance} has given no sign of life since ${seenAt.toISOString()}: its outcome is unknown`;
}
