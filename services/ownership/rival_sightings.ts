/**
 * The registrations of other services as this process has seen them.
 *
 * @module
 */

import type { RivalLock } from "./judge_rival.ts";
import type { ServiceRecord } from "./service_registry.ts";

/** A sighting of one registration. */
export interface Sighting {
  /** How long it has been the same, in ms. */
  readonly unchangedMs: number;
  /** Whether it was renewed since it was first seen. */
  readonly hasChanged: boolean;
  /** How many renewals were seen since its lock is `past`. */
  readonly renewalsElsewhere: number;
}

interface Seen extends Omit<Sighting, "unchangedMs"> {
  readonly state: string;
  readonly sinceMs: number;
  readonly isPast: boolean;
}

/** Remembers registrations, by this process's own clock: the clocks of hosts differ. */
export class RivalSightings {
  readonly #seen = new Map<string, Seen>();

  /**
   * Records what a registration is.
   *
   * @param record The registration.
   * @param lock Its lock.
   * @param atMs When it was asked for, in ms by a clock that never goes back: the answer may have waited since.
   * @returns All that was seen of it, this time included.
   */
  see(record: ServiceRecord, lock: RivalLock, atMs: number): Sighting {
    const state = stateOf(record);
    const before = this.#seen.get(record.token);
    const isPast = lock === "past";
    const isSame = before?.state === state;
    const seen: Seen = {
      state,
      sinceMs: isSame ? before.sinceMs : atMs,
      hasChanged: before !== undefined && (before.hasChanged || !isSame),
      isPast,
      renewalsElsewhere: isPast && before?.isPast ? before.renewalsElsewhere + (isSame ? 0 : 1) : 0,
    };
    this.#seen.set(record.token, seen);
    const { hasChanged, renewalsElsewhere } = seen;
    return { unchangedMs: atMs - seen.sinceMs, hasChanged, renewalsElsewhere };
  }

  /** Forgets everything. */
  clear(): void {
    this.#seen.clear();
  }

  /** Whether a registration is still as it was when it was last seen. */
  isAsSeen(record: ServiceRecord): boolean {
    return this.#seen.get(record.token)?.state === stateOf(record);
  }
}

/** A process that gave its registration up makes another one with the same token. */
function stateOf({ epoch, state, beat }: ServiceRecord): string {
  return `${epoch} ${state} ${beat}`;
}
