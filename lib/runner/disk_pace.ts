/**
 * When containers are measured. Pure: no I/O, no clock.
 *
 * @module
 */

import { ENTRY_BYTES } from "../util/measure_tree.ts";

/** What has happened since the last measurement. */
export interface SinceMeasured {
  /** Time since its end, in ms. */
  readonly forMs: number;
  /** How long it kept the engine and the file system busy, in ms. */
  readonly costMs: number;
  /** By how much the free space has shrunk since then, in bytes; 0 where nobody knows. */
  readonly takenBytes: number;
  /** How many inodes have been taken since then; 0 where nobody knows. */
  readonly takenInodes: number;
}

/** Time between two measurements while nothing is conspicuous, in ms. */
const CALM_MS = 60_000;
/** Time between two measurements at least, in ms. */
const SOONEST_MS = 4_000;
/** After a measurement, engine and file system are left alone for so many times as long. */
const REST_FACTOR = 10;

/**
 * Whether the containers have to be measured: once a minute, and sooner when so much space was taken that a container
 * may be beyond its limit.
 *
 * @param since See {@linkcode SinceMeasured}.
 * @param limitBytes How much a container may write, in bytes.
 */
export function isMeasurementDue(
  { forMs, costMs, takenBytes, takenInodes }: SinceMeasured,
  limitBytes: number,
): boolean {
  const restMs = costMs * REST_FACTOR;
  const taken = Math.max(takenBytes, takenInodes * ENTRY_BYTES);
  const isConspicuous = taken > limitBytes / 2;
  return forMs >= Math.max(restMs, isConspicuous ? SOONEST_MS : CALM_MS);
}
