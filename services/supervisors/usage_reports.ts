/**
 * Resources that containers use, as their supervisors last reported them to any process of Berth.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { ContainerUsage } from "../../lib/engine/container_orchestrator.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { SharedWork } from "../../lib/util/shared_work.ts";
import type { RecordStore } from "../records/record_store.ts";

const COLLECTION = "supervisor_usage";
const MAX_REPORTS = 10_000;
/** Age from which a report says nothing any more, in ms. */
const MAX_AGE_MS = 60_000;
/** How often this process shares the reports that it took, in ms. */
const SHARE_EVERY_MS = 10_000;
/** How old the reports of other processes may be when they are asked for, in ms: all questions of that time share one read. */
const FRESH_MS = 5_000;
/** Age at which shared reports are removed, in ms: the clocks of two machines may differ. */
const KEEP_MS = 5 * 60_000;
/** Lists of reports that are read: those of the last minute, of many processes. */
const MAX_LISTS = 1000;

/** Reports of a process, by order. Times are in ms since 1970. */
type SharedReports = Readonly<Record<string, Omit<ContainerUsage, "time"> & { readonly time: number }>>;

/** The last report of each container. Those that another process took are some seconds older. */
export class UsageReports {
  readonly #records: Pick<RecordStore, "insert" | "list" | "deleteBefore">;
  readonly #clock: Clock;
  readonly #reports = new LRUCache<string, ContainerUsage>({ max: MAX_REPORTS });
  readonly #reading = new SharedWork<void>();
  #sharedAt = -Infinity;
  #others = new Map<string, ContainerUsage>();
  #readAt = -Infinity;

  /** @param records The database. @param clock The clock. */
  constructor(records: Pick<RecordStore, "insert" | "list" | "deleteBefore">, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /**
   * Takes a report, and shares it with the other processes soon. They do without it if the database does not answer.
   *
   * @param order Id of the order.
   * @param usage The current usage of its container.
   */
  take(order: string, usage: Omit<ContainerUsage, "time">): void {
    this.#reports.set(order, { ...usage, time: new Date(this.#clock.now()) });
    if (this.#clock.monotonic() - this.#sharedAt < SHARE_EVERY_MS) return;
    this.#sharedAt = this.#clock.monotonic();
    // The supervisor's lease does not wait for it.
    this.#share().catch(() => {});
  }

  /**
   * Returns the last report, unless it is old.
   *
   * @param order Id of the order.
   * @throws {StoreUnavailableError} If this process has none, and the database does not answer.
   */
  async of(order: string): Promise<ContainerUsage | undefined> {
    const own = this.#reports.get(order);
    if (own && this.#isFresh(own)) return own;
    await this.#readOthers();
    const other = this.#others.get(order);
    return other && this.#isFresh(other) ? other : undefined;
  }

  /** Forgets an order. @param order Its id. */
  forget(order: string): void {
    this.#reports.delete(order);
    this.#others.delete(order);
  }

  async #share(): Promise<void> {
    const now = this.#clock.now();
    const fresh = [...this.#reports.entries()].filter(([, usage]) => this.#isFresh(usage));
    const reports: SharedReports = Object.fromEntries(
      fresh.map(([order, { time, ...usage }]) => [order, { ...usage, time: time.getTime() }]),
    );
    await this.#records.insert(COLLECTION, `${toId(now)}.${crypto.randomUUID()}`, { reports });
    await this.#records.deleteBefore(COLLECTION, toId(now - KEEP_MS));
  }

  async #readOthers(): Promise<void> {
    if (this.#clock.monotonic() - this.#readAt < FRESH_MS) return;
    await this.#reading.run("others", async (signal) => {
      const now = this.#clock.now();
      const lists = await this.#records.list(COLLECTION, {
        after: toId(now - MAX_AGE_MS),
        limit: MAX_LISTS,
        signal,
      });
      const latest = new Map<string, ContainerUsage>();
      for (const { value } of lists) {
        for (const [order, { time, ...usage }] of Object.entries(value.reports as SharedReports)) {
          if (time >= (latest.get(order)?.time.getTime() ?? 0)) {
            latest.set(order, { ...usage, time: new Date(time) });
          }
        }
      }
      this.#others = latest;
      this.#readAt = this.#clock.monotonic();
    });
  }

  #isFresh({ time }: ContainerUsage): boolean {
    return this.#clock.now() - time.getTime() < MAX_AGE_MS;
  }
}

/** Sorts as the time does. */
function toId(ms: number): string {
  return new Date(ms).toISOString();
}
