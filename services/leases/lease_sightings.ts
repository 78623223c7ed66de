/**
 * What a process has seen of leases, by its own clock: the clocks of hosts differ. Pure: no I/O, no clock.
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

/** What was seen of one lease. */
interface Seen {
  readonly mark: string;
  /** When the answer came that showed it like this for the first time. */
  readonly sinceMs: number;
  /** When the last read that showed it like this was asked for. */
  readonly lastMs: number;
}

/** Remembers leases, and tells which have run out. */
export class LeaseSightings {
  readonly #seen = new Map<string, Seen>();

  /**
   * Notes what a lease is.
   *
   * @param record The lease.
   * @param read When it was read. What it was before the answer came, nobody knows; after the question, neither.
   * @returns How long it may still be alive unless it is renewed, in ms; 0 if it has surely run out.
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

  /** Counts all times anew: the database has not answered, so that nobody could renew a lease in it. */
  interrupt(): void {
    this.#seen.clear();
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
