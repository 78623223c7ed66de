/**
 * Time limits of calls to the Docker Engine.
 *
 * @module
 */

/** Time limits in ms. Following a log and waiting for an exit have none. */
export interface DockerodeTimeLimits {
  /** An ordinary answer: a list, a status, a removal, a file, the beginning of a log. @default {30_000} */
  readonly callMs: number;
  /** Creating a container, and starting one. A busy engine starts about ten a second. @default {60_000} */
  readonly startMs: number;
  /** Measuring the files that containers have written. @default {300_000} */
  readonly sizesMs: number;
  /** Putting files into a container. @default {300_000} */
  readonly filesMs: number;
  /** Time of a stop beyond its grace period. @default {30_000} */
  readonly stopMarginMs: number;
  /** Time without progress of a pull. @default {300_000} */
  readonly pullStallMs: number;
  /** A registry's answer about one image. @default {10_000} */
  readonly registryMs: number;
  /** Time that an engine may be down before a wait for an exit fails. @default {10_000} */
  readonly engineReturnMs: number;
  /** Removing the container of a failed or cancelled start. @default {10_000} */
  readonly cleanupMs: number;
}

/** Default time limits. */
export const DEFAULT_TIME_LIMITS: DockerodeTimeLimits = {
  callMs: 30_000,
  startMs: 60_000,
  sizesMs: 300_000,
  filesMs: 300_000,
  stopMarginMs: 30_000,
  pullStallMs: 300_000,
  registryMs: 10_000,
  engineReturnMs: 10_000,
  cleanupMs: 10_000,
};
