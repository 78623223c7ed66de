/**
 * Remembers how a process has seen leases, by its own clock: the clocks of hosts differ. Pure: no I/O, no clock.
 *
 * @module
 */

import { leaseTimes } from "../../lib/cluster/cluster_leases.ts";
import type { LeaseRecord } from "./lease_store.ts";

/** When a read was asked for, and when its answer came, in ms by a clock that never goes back. */
export interface ReadTimes {
  /** When it was asked for. */
  readonly askedMs: number;
  /** When the answer came. */
  readonly answeredMs: number;
}

/** The sightings of one lease. */
interface Seen {
  readonly mark: string;
  /** When the answer came that showed it like this for the first time. */
  readonly sinceMs: number;
  /** When the last read that showed it like this was asked for. */
  readonly lastMs: number;
}

/** A database that has not answered for this long, in ms, was down. */
const OUTAGE_MS = 5_000;

/** Remembers leases, and tells which have run out. */
export class LeaseSightings {
  readonly #seen = new Map<string, Seen>();
  #hasFailed = false;
  #answeredMs = 0;

  /**
   * Notes what a lease is.
   *
   * @param record The lease.
   * @param read When it was read: the lease was in this state at some moment between the question and the answer.
   * @returns How long it may still be alive unless it is renewed, in ms; 0 if it has certainly expired.
   */
  see(record: LeaseRecord, { askedMs, answeredMs }: ReadTimes): number {
    const mark = markOf(record);
    const before = this.#seen.get(record.key);
    const isSame = before?.mark === mark;
    const sinceMs = isSame ? before.sinceMs : answeredMs;
    const lastMs = isSame ? Math.max(before.lastMs, askedMs) : answeredMs;
    this.#seen.set(record.key, { mark, sinceMs, lastMs });
    const unchangedMs = Math.max(0, lastMs - sinceMs);
    return Math.max(0, leaseTimes(record.leaseSeconds).overAfterMs - unchangedMs);
  }

  /** Returns for how long a lease was seen unchanged, in ms. @param key Its key. */
  unchangedMs(key: string): number {
    const seen = this.#seen.get(key);
    return seen ? Math.max(0, seen.lastMs - seen.sinceMs) : 0;
  }

  /** Notes that a read failed. */
  failed(): void {
    this.#hasFailed = true;
  }

  /**
   * Notes that a read succeeded. After an outage all times count anew: nobody could renew a lease.
   *
   * @param read When it was.
   */
  succeeded({ askedMs, answeredMs }: ReadTimes): void {
    if (this.#hasFailed && askedMs - this.#answeredMs > OUTAGE_MS) this.#seen.clear();
    this.#hasFailed = false;
    this.#answeredMs = answeredMs;
  }

  /** Forgets all keys but some. @param keys Those to remember. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#seen.keys()) {
      if (!keys.has(key)) this.#seen.delete(key);
    }
  }
}

function markOf({ epoch, owner, beat }: LeaseRecord): string {
  return `${epoch} ${beat} ${owner}`;
}
