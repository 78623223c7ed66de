/**
 * What containers use, as their supervisors last told this process.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { ContainerUsage } from "../../lib/engine/container_orchestrator.ts";
import type { Clock } from "../../lib/util/clock.ts";

const MAX_REPORTS = 10_000;
/** Age from which a report says nothing any more, in ms. */
const MAX_AGE_MS = 60_000;

/** The last report of each container. */
export class UsageReports {
  readonly #clock: Clock;
  readonly #reports = new LRUCache<string, { readonly usage: ContainerUsage; readonly at: number }>({
    max: MAX_REPORTS,
  });

  /** @param clock The clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a report. @param order Id of the order. @param usage What its container uses now. */
  take(order: string, usage: Omit<ContainerUsage, "time">): void {
    const time = new Date(this.#clock.now());
    this.#reports.set(order, { usage: { time, ...usage }, at: this.#clock.monotonic() });
  }

  /** Returns the last report, unless it is old. @param order Id of the order. */
  of(order: string): ContainerUsage | undefined {
    const report = this.#reports.get(order);
    return report && this.#clock.monotonic() - report.at < MAX_AGE_MS ? report.usage : undefined;
  }

  /** Forgets an order. @param order Its id. */
  forget(order: string): void {
    this.#reports.delete(order);
  }
}
