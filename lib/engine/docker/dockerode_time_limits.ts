/**
 * How long the Docker Engine may take.
 *
 * @module
 */

/** Time limits, each in ms. Following a log and waiting for an exit have none. */
export interface DockerodeTimeLimits {
  /** An ordinary answer: a list, a status, a removal, a file, the beginning of a log. @default {30_000} */
  readonly callMs: number;
  /** Creating a container, and starting it: each. A busy engine starts about ten a second. @default {60_000} */
  readonly startMs: number;
  /** Reading the metadata of all that containers have written. @default {300_000} */
  readonly sizesMs: number;
  /** How much longer than its grace period a stop may take. @default {30_000} */
  readonly stopMarginMs: number;
  /** How long nothing may be heard of a pull. @default {300_000} */
  readonly pullStallMs: number;
  /** How long a wait for an exit puts up with an engine that went away, until it is back. @default {10_000} */
  readonly engineReturnMs: number;
  /** Removing what a failed start left behind, once the caller has given up. @default {10_000} */
  readonly cleanupMs: number;
}

/** The limits that hold where no others are given. */
export const DEFAULT_TIME_LIMITS: DockerodeTimeLimits = {
  callMs: 30_000,
  startMs: 60_000,
  sizesMs: 300_000,
  stopMarginMs: 30_000,
  pullStallMs: 300_000,
  engineReturnMs: 10_000,
  cleanupMs: 10_000,
};
