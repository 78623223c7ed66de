/**
 * Deletes old logs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { RETRY } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { dayOfDate, dayOfLogKey, LOGS_PREFIX } from "./log_keys.ts";

/** Options of {@linkcode LogRetention}. */
export interface LogRetentionOptions {
  /** Where the logs are. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Days for which they are kept, today not counted; 0: forever. */
  readonly retentionDays: number;
  /** The clock. */
  readonly clock: Clock;
}

const DAY_MS = 24 * 60 * 60_000;
const SWEEP_INTERVAL_MS = 6 * 60 * 60_000;
/** How many logs one sweep deletes at most, to leave the store time for others; the next one continues. */
const MAX_DELETIONS = 5000;

/** Deletes logs that are older than the retention time, at the start and then every six hours. */
export class LogRetention {
  readonly #options: LogRetentionOptions;
  readonly #closing = new AbortController();
  readonly #log = getLogger(["berth", "logs"]);
  #running: Promise<void> | undefined;

  constructor(options: LogRetentionOptions) {
    this.#options = options;
  }

  /** Starts; does nothing if logs are kept forever. */
  start(): void {
    if (this.#options.retentionDays > 0) this.#running ??= this.#run();
  }

  /** The first day whose logs are kept, for example `20260131`; `undefined` when all are. */
  oldestDay(): string | undefined {
    const { retentionDays, clock } = this.#options;
    if (retentionDays === 0) return undefined;
    return dayOfDate(clock.now() - retentionDays * DAY_MS);
  }

  /**
   * Deletes what is too old: one list, and one call for each log that is deleted.
   *
   * @returns How many logs were deleted.
   */
  async sweep(signal?: AbortSignal): Promise<number> {
    const { store, bucket } = this.#options;
    const oldest = this.oldestDay();
    if (oldest === undefined) return 0;
    const options = { signal };
    await store.ensureBucket(bucket, options);
    let deleted = 0;
    for await (const { key } of store.list(bucket, LOGS_PREFIX, options)) {
      const day = dayOfLogKey(key);
      if (day === undefined || day >= oldest) continue;
      await store.delete(bucket, key, options);
      if (++deleted === MAX_DELETIONS) break;
    }
    return deleted;
  }

  /** Ends. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException("The sweep was ended", "AbortError"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let waitMs = SWEEP_INTERVAL_MS;
      try {
        const deleted = await this.sweep(signal);
        if (deleted > 0) this.#log.info("old logs deleted", { deleted, before: this.oldestDay() });
        if (deleted === MAX_DELETIONS) waitMs = RETRY.logSweep.minMs;
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn("old logs not deleted yet", { problem: String(error) });
        waitMs = RETRY.logSweep.minMs;
      }
      await this.#options.clock.sleep(waitMs, signal).catch(() => {});
    }
  }
}
