/**
 * Metrics of the stores: calls that they did not answer.
 *
 * @module
 */

import { ObjectStoreError } from "../../lib/errors.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import type { MetricFamilies } from "./metric_families.ts";
import { reportErrors } from "./report_errors.ts";

/** The stores of the database. */
const DATABASE = ["bots", "schedules", "runs", "records", "leases"] as const;

/** A store, by what it keeps. */
export type MeteredStore = typeof DATABASE[number] | "objects";

/** Counts the errors of stores. */
export class StoreMetrics {
  readonly #errors;

  /** @param families Where its metrics are made. */
  constructor(families: MetricFamilies) {
    this.#errors = families.counter(
      "berth_store_errors_total",
      "Calls that a store did not answer: bots, schedules, runs, records and leases are in the database, objects in the object store.",
      ["store"],
    );
  }

  /**
   * Watches the stores of the database.
   *
   * @param stores The stores, and other parts, which are left as they are.
   * @returns The same, with stores whose errors are counted.
   */
  watchAll<T extends Readonly<Record<typeof DATABASE[number], object>>>(stores: T): T {
    return {
      ...stores,
      ...Object.fromEntries(DATABASE.map((name) => [name, this.watch(name, stores[name])])),
    };
  }

  /**
   * Watches a store.
   *
   * @param name The name of its contents, as a label.
   * @param store The store.
   * @returns The same store, whose errors are counted.
   */
  watch<T extends object>(name: MeteredStore, store: T): T {
    const errors = this.#errors.labels({ store: name });
    errors.inc(0);
    return reportErrors(store, (error) => {
      if (error instanceof StoreUnavailableError || error instanceof ObjectStoreError) errors.inc();
    });
  }
}
