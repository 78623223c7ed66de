/**
 * Port for measurements: the services report to it, and `/metrics` shows them.
 *
 * @module
 */

/** The owner of a work queue. */
export type MeteredService = "bots" | "schedules" | "backtests";

/** Takes the measurements of a queue. */
export interface QueueMeter {
  /**
   * Takes a function that counts the keys that wait for a worker.
   *
   * @param depth The function.
   */
  watchDepth(depth: () => number): void;
  /**
   * Counts a pass over a key.
   *
   * @param durationMs How long it took, in ms.
   * @param hasFailed Whether it has to be repeated because of an error.
   */
  passed(durationMs: number, hasFailed: boolean): void;
}

/** Takes the measurements of services. Its methods return soon and never throw. */
export interface Meter {
  /**
   * Gives the meter of a service's queue.
   *
   * @param service The service.
   */
  queue(service: MeteredService): QueueMeter;
  /**
   * Records how late an event was stored.
   *
   * @param service The service whose event it is.
   * @param lagMs Time since its publication, in ms.
   */
  eventStored(service: MeteredService, lagMs: number): void;
}
