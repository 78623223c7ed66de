/**
 * Leases under random faults: two observers and the copies that they start, each with a clock of its own rate, on a
 * database that is slow, goes away, and stores what it says it did not. No two copies of a bot ever live at once.
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { type HeldLease, LeaseHeldError, leaseTimes } from "../../lib/cluster/cluster_leases.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { StoreUnavailableError } from "../../services/documents/bot_repository.ts";
import type { LeaseStore } from "../../services/leases/lease_store.ts";
import { Leases } from "../../services/leases/leases.ts";
import { SqliteLeaseStore } from "../../services/sqlite/sqlite_lease_store.ts";
import { FakeClock, settle } from "../support/fake_clock.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { type SeededRandom, seededRandom } from "../support/seeded_random.ts";

const LEASE_SECONDS = 30;
const KEY = "bot/a";
const MINUTE_MS = 60_000;

/** A fault, when it begins and how long it lasts, in seconds. */
type Fault = {
  readonly what:
    | "the database is down"
    | "the copy is cut off"
    | "the copy stands still"
    | "an observer stands still";
  readonly at: number;
  readonly length: number;
};

interface World {
  readonly seed: number;
  /** Rates of the clocks: two observers, then copies in turn. */
  readonly rates: readonly number[];
  readonly faults: readonly Fault[];
}

/** A clock that runs faster or slower than the true one. */
function clockAt(rate: number, clock: FakeClock, isStopped: () => boolean = () => false): Clock {
  return {
    now: () => clock.now() * rate,
    monotonic: () => clock.monotonic() * rate,
    async sleep(ms, signal) {
      await clock.sleep(ms / rate, signal);
      // A frozen process does not wake up.
      while (isStopped()) await clock.sleep(100, signal);
    },
  };
}

class Simulation {
  readonly clock = new FakeClock();
  readonly #random: SeededRandom;
  readonly #store: LeaseStore;
  readonly #world: World;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>[] = [];
  #alive = 0;
  #copies = 0;
  #beaten = 0;
  /** Copies that lived. */
  births = 0;
  /** Most copies that lived at once. */
  most = 0;
  /** When a copy was last alive, in ms. */
  lastAliveMs = 0;

  constructor(world: World, store: LeaseStore) {
    this.#world = world;
    this.#random = seededRandom(world.seed);
    this.#store = store;
  }

  async run(ms: number): Promise<void> {
    for (const index of [0, 1]) this.#running.push(this.#observe(index));
    await this.clock.advance(ms);
    this.#ending.abort(new Error("the end"));
    // Calls under way sleep without a signal.
    while (this.clock.sleepers > 0) await this.clock.advance(1000);
    await Promise.allSettled(this.#running);
    await settle();
  }

  /** @param since When the affected process began to live, in ms: a fault of a copy spares the copies that follow. */
  #isNow(what: Fault["what"], since = 0): boolean {
    const now = this.clock.now() / 1000;
    return this.#world.faults.some((fault) =>
      fault.what === what && since <= fault.at * 1000 && now >= fault.at && now < fault.at + fault.length
    );
  }

  /** The database as one process reaches it. */
  #reach(isCutOff: () => boolean): LeaseStore {
    return new Proxy(this.#store, {
      get: (store, name) => async (...args: unknown[]) => {
        const fail = () => {
          throw new StoreUnavailableError("The model's database is down.");
        };
        const lag = () => this.clock.sleep(this.#random.next() * (this.#random.next() < 0.2 ? 4000 : 50));
        await lag();
        if (isCutOff()) fail();
        const method = store[name as keyof LeaseStore] as (...args: unknown[]) => Promise<unknown>;
        const answer = await method.apply(store, args);
        await lag();
        // It has done what was asked for, and the answer is lost.
        if (isCutOff() || this.#random.next() < 0.03) fail();
        return answer;
      },
    });
  }

  /** Starts a copy whenever it gets the lease, as a service does. */
  async #observe(index: number): Promise<void> {
    const { signal } = this.#ending;
    const stopped = () => index === 0 && this.#isNow("an observer stands still");
    const clock = clockAt(this.#world.rates[index]!, this.clock, stopped);
    const leases = new Leases({
      store: this.#reach(() => this.#isNow("the database is down")),
      leaseSeconds: LEASE_SECONDS,
      clock,
    });
    await using _watching = leases.watch();
    let owner = "";
    while (!signal.aborted) {
      try {
        owner ||= `copy-${index}-${this.#copies++}`;
        const lease = await leases.take(KEY, owner);
        owner = "";
        this.#running.push(this.#live(lease));
        await clock.sleep(1000, signal);
      } catch (error) {
        if (error instanceof LeaseHeldError) owner = "";
        await clock.sleep(500, signal).catch(() => {});
      }
    }
  }

  /** A copy, as its supervisor looks after it. */
  async #live(lease: HeldLease): Promise<void> {
    const { rates } = this.#world;
    const clock = clockAt(rates[2 + this.#beaten++ % (rates.length - 2)]!, this.clock);
    const startedMs = this.clock.now();
    const isCutOff = () =>
      this.#isNow("the database is down") || this.#isNow("the copy is cut off", startedMs);
    const leases = new Leases({ store: this.#reach(isCutOff), leaseSeconds: LEASE_SECONDS, clock });
    const { renewEveryMs, killAfterMs } = leaseTimes(lease.leaseSeconds);
    // The engine takes its time, now and then about as long as a lease.
    await this.clock.sleep(
      this.#random.next() < 0.8 ? this.#random.next() * 500 : 30_000 + this.#random.next() * 20_000,
    );
    let confirmedMs = clock.monotonic();
    if (!await leases.renew(lease).catch(() => false)) return;
    const dead = new AbortController();
    // Independent of the supervisor: a watchdog of its own kills it.
    const watchdog = async () => {
      while (!dead.signal.aborted) {
        const leftMs = confirmedMs + killAfterMs - clock.monotonic();
        if (leftMs <= 0) break;
        await clock.sleep(leftMs, dead.signal).catch(() => {});
      }
      dead.abort();
    };
    if (clock.monotonic() - confirmedMs >= killAfterMs) return;
    this.births++;
    this.most = Math.max(this.most, ++this.#alive);
    dead.signal.addEventListener("abort", () => this.#alive--);
    const killing = watchdog();
    const endsByItself = this.#random.next() < 0.3 ? this.#random.next() * 10 * MINUTE_MS : Infinity;
    const bornMs = clock.monotonic();
    while (!dead.signal.aborted && !this.#ending.signal.aborted) {
      await clock.sleep(renewEveryMs, AbortSignal.any([dead.signal, this.#ending.signal])).catch(() => {});
      if (dead.signal.aborted) break;
      this.lastAliveMs = this.clock.now();
      if (this.#isNow("the copy stands still", startedMs)) continue;
      if (clock.monotonic() - bornMs > endsByItself) break;
      const askedMs = clock.monotonic();
      const isHeld = await leases.renew(lease).catch(() => undefined);
      if (isHeld === false) break;
      if (isHeld) confirmedMs = Math.max(confirmedMs, askedMs);
    }
    const wasKilled = dead.signal.aborted;
    dead.abort();
    await killing;
    if (!wasKilled) await leases.release(lease).catch(() => {});
  }
}

const seconds = fc.integer({ min: 0, max: 1200 });
const fault: fc.Arbitrary<Fault> = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Fault["what"]>("the copy is cut off", "the copy stands still") },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Fault["what"]>("the database is down", "an observer stands still"),
    },
  ),
  at: seconds,
  length: fc.integer({ min: 20, max: 120 }),
});
const world: fc.Arbitrary<World> = fc.record({
  seed: fc.integer(),
  rates: fc.array(fc.constantFrom(0.9, 1.1, 1), { minLength: 5, maxLength: 5 }),
  faults: fc.array(fault, { maxLength: 12 }),
});

/** The slowest copies and the fastest observers: each fault ends as late as it may, and the next copy comes as soon. */
const worst = [1, 4, 5, 9].map((seed): [World] => [{
  seed,
  rates: [1.1, 1.1, 0.9, 0.9, 0.9],
  faults: [100, 250, 400, 550, 700, 850].map((at) => ({ what: "the copy is cut off", at, length: 100 })),
}]);

Deno.test("two observers with clocks of their own never let two copies live, and always one in the end", async () => {
  let births = 0;
  await fc.assert(
    fc.asyncProperty(world, async (world) => {
      const database = new DatabaseSync(":memory:");
      try {
        const store = new SqliteLeaseStore(database);
        await store.open();
        const simulation = new Simulation(world, store);
        const quietMs = 5 * MINUTE_MS;
        const lengthMs = 1320_000 + quietMs;
        await simulation.run(lengthMs);
        births += simulation.births;
        assert.ok(simulation.most <= 1, `${simulation.most} copies lived at once`);
        assert.ok(
          simulation.lastAliveMs > lengthMs - quietMs,
          "no copy lives although nothing goes wrong any more",
        );
      } finally {
        database.close();
      }
    }),
    { numRuns: fullOrShort(400, 20), examples: worst },
  );
  assert.ok(births > 40, `only ${births} copies lived`);
});
