/**
 * Leases in a database that several processes share.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import DataLoader from "dataloader";
import { LRUCache } from "lru-cache";
import {
  type ClusterLeases,
  type FoundLease,
  type HeldLease,
  type LeaseCallOptions,
  LeaseHeldError,
  type LeaseRef,
  leaseTimes,
  type RenewLeaseOptions,
  type TakeLeaseOptions,
} from "../../lib/cluster/cluster_leases.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { abortable } from "../../lib/util/promises.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import { tick } from "../control/tick.ts";
import { LeaseSightings, type ReadTimes } from "./lease_sightings.ts";
import type { LeaseRecord, LeaseStore } from "./lease_store.ts";

/** Options of {@linkcode Leases}. */
export interface LeasesOptions {
  /** The database. */
  readonly store: LeaseStore;
  /** How long a copy may live without a renewal, in seconds. */
  readonly leaseSeconds: number;
  /** The clock. */
  readonly clock: Clock;
}

/** Longest time between two looks at all leases, in ms. */
const LOOK_MS = 5_000;
/** How long a renewal that is in a hurry waits for others, in ms, and how many share a call. */
const BATCH_MS = 100;
const MAX_RENEWALS = 500;
/** Longest time that a renewal waits for others, in ms: a supervisor waits 5 s for its answer. */
const MAX_GATHER_MS = 1_000;
/** How long renewals wait at most for a call that is under way, in ms. */
const MAX_WAIT_MS = 2_000;
const MAX_TAKEN = 10_000;
/** Keys of bots and of runs begin with these. */
const PREFIXES = ["bot/", "run/"] as const;
/** The lease of a run is abandoned if it was taken this long ago and has not been renewed for as long, in ms. */
const LEFT_AGE_MS = 86_400_000;
const LEFT_SILENT_MS = 3_600_000;
/** Keys of runs are not used again after this time, in ms. */
const RUN_KEPT_MS = 7 * 86_400_000;
/** Time between two removals of old leases of runs, in ms. */
const SWEEP_MS = 3_600_000;

/** Takes, renews and releases leases. Whether one has run out is judged by the clock of this process alone. */
export class Leases implements ClusterLeases {
  readonly #options: LeasesOptions;
  readonly #sightings = new LeaseSightings();
  /** Hundreds of copies renew theirs every few seconds: they share calls. */
  readonly #renewals: DataLoader<LeaseRef, boolean>;
  /** Sends the renewals that wait now soon. */
  #hurry: () => void = () => {};
  /** When this process took a lease, by its owner. */
  readonly #taken = new LRUCache<string, { readonly takenAt: number; readonly freshMs: number }>({
    max: MAX_TAKEN,
  });
  #sweptMs: number | undefined;
  readonly #log = getLogger(["berth", "leases"]);

  /** @param options See {@linkcode LeasesOptions}. */
  constructor(options: LeasesOptions) {
    this.#options = options;
    const { store, clock } = options;
    let underWay: Promise<unknown> = Promise.resolve();
    this.#renewals = new DataLoader((leases) => {
      const sent = store.renew(leases);
      underWay = sent;
      return sent;
    }, {
      cache: false,
      maxBatchSize: MAX_RENEWALS,
      // A slow database gets fewer and larger calls.
      batchScheduleFn: (send) =>
        void Promise.all([this.#gather(), settledWithin(underWay, MAX_WAIT_MS, clock)]).then(send),
    });
  }

  /**
   * Looks at all leases again and again, so that the time of a lost one runs from the moment it was lost and not from the
   * first attempt to take it.
   *
   * @returns An object that ends that when it is disposed.
   */
  watch(): AsyncDisposable {
    const { leaseSeconds, clock } = this.#options;
    const everyMs = Math.min(LOOK_MS, leaseTimes(leaseSeconds).renewEveryMs);
    const ending = new AbortController();
    let problem: string | undefined;
    const onError = ({ error }: { readonly error: unknown }) => {
      const said = messageOf(error);
      if (said !== problem) this.#log.warn("leases not read", { problem: said });
      problem = said;
    };
    const watching = tick("leases", everyMs, { signal: ending.signal, clock, onError }, async (signal) => {
      await this.#lookAtAll(signal);
      problem = undefined;
    });
    return {
      async [Symbol.asyncDispose]() {
        ending.abort();
        await watching;
      },
    };
  }

  /** See {@linkcode ClusterLeases.take}. */
  async take(key: string, owner: string, options: TakeLeaseOptions = {}): Promise<HeldLease> {
    const { store, clock } = this.#options;
    const { leaseSeconds = this.#options.leaseSeconds, signal } = options;
    while (true) {
      const [before, read] = await this.#read(() => store.find(key, { signal }));
      const latest = before.at(-1);
      const own = latest?.owner === owner && !latest.isReleased ? latest : undefined;
      // Its record is there, but the call that inserted it did not get to look at the earlier one again.
      if (own) return await this.#settle(own, before.slice(0, -1), signal, true);
      const aliveMs = latest && !latest.isReleased ? this.#sightings.see(latest, read) : 0;
      if (aliveMs > 0) throw new LeaseHeldError(key, aliveMs);
      const taken: LeaseRecord = {
        key,
        epoch: (latest?.epoch ?? 0) + 1,
        owner,
        leaseSeconds,
        isReleased: false,
        beat: 0,
        takenAt: new Date(clock.now()),
        about: "",
      };
      const takenAt = clock.monotonic();
      if (!await store.insert(taken, { signal })) continue;
      const lease = await this.#settle(taken, before, signal);
      this.#taken.set(markOf(lease), { takenAt, freshMs: leaseTimes(leaseSeconds).renewEveryMs });
      return lease;
    }
  }

  /** See {@linkcode ClusterLeases.renew}. */
  async renew(lease: LeaseRef, { signal, canWait = false }: RenewLeaseOptions = {}): Promise<boolean> {
    const renewal = this.#renewals.load(lease);
    if (!canWait) this.#hurry();
    return await (signal ? abortable(renewal, signal) : renewal);
  }

  /** See {@linkcode ClusterLeases.ageMs}. */
  ageMs(lease: LeaseRef): number | undefined {
    const taken = this.#taken.get(markOf(lease));
    if (!taken) return undefined;
    const ageMs = this.#options.clock.monotonic() - taken.takenAt;
    return ageMs < taken.freshMs ? ageMs : undefined;
  }

  /** See {@linkcode ClusterLeases.release}. */
  async release(lease: LeaseRef, { signal }: LeaseCallOptions = {}): Promise<void> {
    this.#taken.delete(markOf(lease));
    await this.#options.store.release(lease, { signal });
  }

  /** See {@linkcode ClusterLeases.find}. */
  async find(key: string, { signal }: LeaseCallOptions = {}): Promise<FoundLease | undefined> {
    const [records, read] = await this.#read(() => this.#options.store.find(key, { signal }));
    const latest = records.at(-1);
    const aliveMs = latest && !latest.isReleased ? this.#sightings.see(latest, read) : 0;
    return latest && aliveMs > 0 ? { ...latest, aliveMs } : undefined;
  }

  /**
   * Looks again, after the insert: whoever has renewed an earlier record meanwhile holds the lease.
   *
   * @throws {LeaseHeldError} If it is so, or may be so. The record is removed then.
   */
  async #settle(
    taken: LeaseRecord,
    earlier: readonly LeaseRecord[],
    signal: AbortSignal | undefined,
    isLate = false,
  ): Promise<LeaseRecord> {
    const { store } = this.#options;
    const { key, epoch } = taken;
    if (earlier.some(({ isReleased }) => !isReleased) || isLate) {
      const [after, read] = await this.#read(() => store.find(key, { signal }));
      const rival = after.find((record) =>
        record.epoch > epoch || (record.epoch < epoch && !record.isReleased &&
          (isLate || !earlier.some((seen) => seen.epoch === record.epoch && seen.beat === record.beat)))
      );
      if (rival) {
        await store.remove(taken, { signal });
        throw new LeaseHeldError(key, this.#sightings.see(rival, read));
      }
    }
    if (isLate || earlier.length > 0) await store.removeBefore(key, epoch, { signal });
    return taken;
  }

  /** Waits until the renewals of some time have come together. */
  async #gather(): Promise<void> {
    const { leaseSeconds, clock } = this.#options;
    const hurried = new AbortController();
    this.#hurry = () => hurried.abort();
    const waitMs = Math.min(MAX_GATHER_MS, Math.max(BATCH_MS, leaseTimes(leaseSeconds).renewEveryMs / 5));
    await clock.sleep(waitMs - BATCH_MS, hurried.signal).catch(() => {});
    await clock.sleep(BATCH_MS);
  }

  async #lookAtAll(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    const keys = new Set<string>();
    for (const prefix of PREFIXES) {
      const [held, read] = await this.#read(() => store.listHeld(prefix, { signal }));
      for (const record of latestOf(held)) {
        const aliveMs = this.#sightings.see(record, read);
        keys.add(record.key);
        if (aliveMs === 0 && this.#isLeft(record)) await store.release(record, { signal });
      }
    }
    this.#sightings.keepOnly(keys);
    if (this.#sweptMs !== undefined && clock.monotonic() - this.#sweptMs < SWEEP_MS) return;
    await store.removeReleased("run/", new Date(clock.now() - RUN_KEPT_MS), { signal });
    this.#sweptMs = clock.monotonic();
  }

  /**
   * The next copy of a bot takes its lease. A lost run or backtest has none, and would be read with each look forever.
   */
  #isLeft({ key, takenAt }: LeaseRecord): boolean {
    return key.startsWith("run/") && this.#sightings.unchangedMs(key) > LEFT_SILENT_MS &&
      this.#options.clock.now() - takenAt.getTime() > LEFT_AGE_MS;
  }

  async #read<T>(read: () => Promise<T>): Promise<[T, ReadTimes]> {
    const { clock } = this.#options;
    const askedMs = clock.monotonic();
    try {
      const answer = await read();
      const times = { askedMs, answeredMs: clock.monotonic() };
      this.#sightings.succeeded(times);
      return [answer, times];
    } catch (error) {
      this.#sightings.failed();
      throw error;
    }
  }
}

function markOf({ key, epoch, owner }: LeaseRef): string {
  return JSON.stringify([key, epoch, owner]);
}

function latestOf(records: readonly LeaseRecord[]): LeaseRecord[] {
  const latest = new Map<string, LeaseRecord>();
  for (const record of records) {
    const known = latest.get(record.key);
    if (!known || record.epoch > known.epoch) latest.set(record.key, record);
  }
  return [...latest.values()];
}
