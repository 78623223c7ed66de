/**
 * Decides when containers are measured. Pure: no I/O, no clock.
 *
 * @module
 */

import { ENTRY_BYTES } from "../util/measure_tree.ts";

/** Changes since the last measurement. */
export interface SinceMeasured {
  /** Time since the end of the last measurement, in ms. */
  readonly forMs: number;
  /** Time that the last measurement kept engine and file system busy, in ms. */
  readonly costMs: number;
  /** Decrease of the free space, in bytes; 0 if unknown. */
  readonly takenBytes: number;
  /** Number of inodes taken; 0 if unknown. */
  readonly takenInodes: number;
}

/** Time between two measurements in quiet times, in ms. */
const QUIET_INTERVAL_MS = 60_000;
/** Shortest time between two measurements, in ms. */
const MIN_INTERVAL_MS = 4_000;
/** Shortest pause after a measurement, as a multiple of its duration. */
const REST_FACTOR = 10;

/**
 * Whether the containers must be measured: once a minute, and sooner if enough space was taken that a container may
 * have exceeded its limit.
 *
 * @param since See {@linkcode SinceMeasured}.
 * @param limitBytes Disk limit of a container, in bytes.
 */
export function isMeasurementDue(
  { forMs, costMs, takenBytes, takenInodes }: SinceMeasured,
  limitBytes: number,
): boolean {
  const restMs = costMs * REST_FACTOR;
  const taken = Math.max(takenBytes, takenInodes * ENTRY_BYTES);
  const isConspicuous = taken > limitBytes / 2;
  return forMs >= Math.max(restMs, isConspicuous ? MIN_INTERVAL_MS : QUIET_INTERVAL_MS);
}
