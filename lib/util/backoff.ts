/**
 * How long to wait before the next try, for every kind of failure.
 *
 * @module
 */

/** Waits between tries: doubled with each failure in a row, up to a limit. */
export interface RetryPolicy {
  /** The wait after the first failure, in ms. */
  readonly minMs: number;
  /** The longest wait, in ms. */
  readonly maxMs: number;
}

/** Every retry policy of Berth. Equal limits mean that the wait does not grow. */
export const RETRY = {
  /** A bot that crashed, or failed to start by its own fault, until its next start. */
  crash: { minMs: 1_000, maxMs: 5 * 60_000 },
  /** A bot that waits for something other than itself: an engine, an object store, a database, a name. */
  unavailable: { minMs: 5_000, maxMs: 5_000 },
  /** A run of a schedule that failed, until its next attempt. */
  run: { minMs: 5_000, maxMs: 5 * 60_000 },
  /** A run whose start something other than itself prevents. */
  runStart: { minMs: 500, maxMs: 5_000 },
  /** A pass over a bot or a run that failed. Short, so that the return of a server is noticed soon. */
  pass: { minMs: 200, maxMs: 5_000 },
  /** A full read, or anything else that a service cannot go on without. */
  resync: { minMs: 250, maxMs: 4_000 },
  /** A full read of the schedules. */
  scheduleResync: { minMs: 250, maxMs: 8_000 },
  /** A full read after a database left a call unanswered. */
  outage: { minMs: 1_000, maxMs: 1_000 },
  /** A call to a database that did not answer, or an event that it did not take. */
  store: { minMs: 250, maxMs: 5_000 },
  /** Between two events while none is taken. */
  delivery: { minMs: 50, maxMs: 1_000 },
  /** A consumer of the event bus that was lost. */
  bus: { minMs: 300, maxMs: 5_000 },
  /** The engine's stream of events, after it broke off. */
  engine: { minMs: 1_000, maxMs: 1_000 },
  /** A wait for a container's exit that the engine broke off. */
  engineWait: { minMs: 250, maxMs: 250 },
  /** The log of a container that was not stored. */
  log: { minMs: 500, maxMs: 15_000 },
  /** The deletion of old logs. */
  logSweep: { minMs: 10 * 60_000, maxMs: 10 * 60_000 },
  /** A notification that its receiver did not take. */
  notification: { minMs: 1_000, maxMs: 10 * 60_000 },
  /** A lock that another process holds for a moment, to look at it. */
  lock: { minMs: 20, maxMs: 20 },
} as const satisfies Record<string, RetryPolicy>;

/** Options of {@linkcode backoffMs}. */
export interface BackoffOptions extends RetryPolicy {
  /**
   * Gives a number from 0 up to 1, which shortens the wait by up to half, so that parts that failed together do not try
   * again together.
   *
   * @default {no jitter}
   */
  readonly random?: () => number;
}

/**
 * Lists the waits of a policy until they no longer grow.
 *
 * @param policy The policy.
 * @returns The waits in ms, in order; the last one also applies to all later tries.
 */
export function retryDelays(policy: RetryPolicy): number[] {
  const delays = [policy.minMs];
  while (delays.at(-1)! < policy.maxMs) delays.push(backoffMs(delays.length + 1, policy));
  return delays;
}

/**
 * Computes the wait after a failure.
 *
 * @param attempt How many tries in a row have failed, at least 1.
 * @param options See {@linkcode BackoffOptions}.
 * @returns The wait in ms.
 */
export function backoffMs(attempt: number, { minMs, maxMs, random }: BackoffOptions): number {
  const wait = Math.min(maxMs, minMs * 2 ** (attempt - 1));
  return random ? wait * (1 - random() / 2) : wait;
}
