/**
 * The port to leases: at most one copy of a bot or run lives on a cluster, because each copy holds a lease.
 *
 * A copy may live from the moment its lease is taken, or was last renewed, until {@linkcode leaseTimes} says that it
 * must have ended. To start the next copy, take the lease first: {@linkcode ClusterLeases.take} refuses
 * until the earlier lease was released or has certainly expired.
 *
 * @module
 */

import { BerthError } from "../errors.ts";

/** Names one take of a lease. */
export interface LeaseRef {
  /**
   * Key of the lease, for example `bot/grid` or `run/report/2026-01-31T09:00:00Z`: printable ASCII, at most 500
   * characters.
   */
  readonly key: string;
  /** The holder: unique for each copy, so never the deterministic name of a service alone. */
  readonly owner: string;
  /** Number of the take: each is larger than all before it. */
  readonly epoch: number;
}

/** A lease that is held. */
export interface HeldLease extends LeaseRef {
  /** How long a copy may live without a renewal, in seconds. See {@linkcode leaseTimes}. */
  readonly leaseSeconds: number;
}

/** A lease under which a copy may live. */
export interface FoundLease extends HeldLease {
  /** How long it may live unless the lease is renewed, in ms. */
  readonly aliveMs: number;
}

/** Options of a call. */
export interface LeaseCallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode ClusterLeases.take}. */
export interface TakeLeaseOptions extends LeaseCallOptions {
  /** How long a copy may live without a renewal, in seconds. @default {the configured time} */
  readonly leaseSeconds?: number;
}

/** Options of {@linkcode ClusterLeases.renew}. */
export interface RenewLeaseOptions extends LeaseCallOptions {
  /** Whether the call may wait for others, for a fifth of the time between two renewals and at most 1 s: all share one. @default {false} */
  readonly canWait?: boolean;
}

/**
 * The leases. Every method rejects with `StoreUnavailableError` (`code` `store/unavailable`) if the database does not
 * answer; that is never "no lease". Calls may be made by any process, whoever has taken the lease.
 */
export interface ClusterLeases {
  /**
   * Takes a lease for a copy that is about to start. The same owner gets the same lease again, so that a call whose
   * answer was lost can be repeated.
   *
   * @param key The key of the lease.
   * @param owner The owner that takes it: unique for each copy.
   * @param options A signal, and another time than the configured one.
   * @throws {LeaseHeldError} If the lease has neither been released nor certainly expired.
   */
  take(key: string, owner: string, options?: TakeLeaseOptions): Promise<HeldLease>;
  /**
   * Renews a lease. Its holder counts the time from before it asked for the renewal, on a clock that also counts while
   * the machine sleeps.
   *
   * @param lease The lease.
   * @returns Whether it is still held. If not, another copy may live already: the holder has to end at once.
   */
  renew(lease: LeaseRef, options?: RenewLeaseOptions): Promise<boolean>;
  /**
   * Tells how long ago this process has taken a lease, so that its holder may count from then without a renewal.
   *
   * @param lease The lease.
   * @returns The time in ms; `undefined` if another process took it, this one has released it, or a renewal is due by now.
   */
  ageMs(lease: LeaseRef): number | undefined;
  /**
   * Releases a lease whose copy has certainly ended. Does nothing if it is no longer held.
   *
   * @param lease The lease.
   */
  release(lease: LeaseRef, options?: LeaseCallOptions): Promise<void>;
  /**
   * Tells whether a copy may live under a key.
   *
   * @param key The key of the lease.
   * @returns The lease; `undefined` if none was taken, the last one was released, or it has certainly expired.
   */
  find(key: string, options?: LeaseCallOptions): Promise<FoundLease | undefined>;
}

/** The times of a lease, in ms, by the clock of the process that measures them. Clocks may run up to 10 % too fast or too slow. */
export interface LeaseTimes {
  /** Holder: time between two renewals. */
  readonly renewEveryMs: number;
  /** For the holder: time without a confirmed renewal after which it begins to stop its program. */
  readonly stopAfterMs: number;
  /** For the holder: time without a confirmed renewal after which its program has ended, by force if needed. */
  readonly killAfterMs: number;
  /** For an observer: time without a change after which a lease has expired. */
  readonly overAfterMs: number;
}

/**
 * Derives all times from the length of a lease.
 *
 * A holder whose clock is 10 % slow has ended after 0.9 / 0.9 of the lease; an observer whose clock is 10 % fast waits
 * for 1.1 / 1.1 of it, and a second more.
 *
 * @param leaseSeconds Length of the lease, in seconds.
 */
export function leaseTimes(leaseSeconds: number): LeaseTimes {
  const leaseMs = leaseSeconds * 1000;
  return {
    renewEveryMs: leaseMs / 4,
    stopAfterMs: leaseMs * 2 / 3,
    killAfterMs: leaseMs * 0.9,
    overAfterMs: leaseMs * 1.1 + 1000,
  };
}

/** A copy may still live: its lease has neither been released nor certainly expired. */
export class LeaseHeldError extends BerthError {
  /** Key of the lease. */
  readonly key: string;
  /** When to ask again, in ms from now: the lease has run out by then, unless it is renewed. */
  readonly againInMs: number;

  /**
   * Makes the error.
   *
   * @param key The key of the lease.
   * @param againInMs When to ask again, in ms from now.
   */
  constructor(key: string, againInMs: number) {
    const seconds = Math.ceil(againInMs / 1000);
    super(
      "lease/held",
      `The lease of its last copy is held, and runs out in at most ${seconds} s unless that copy renews it.`,
    );
    this.key = key;
    this.againInMs = againInMs;
  }
}
