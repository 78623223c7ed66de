/**
 * Deletes old logs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import { RETRY } from "../util/backoff.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { dayOfLogKey, LOGS_PREFIX } from "./log_keys.ts";

/** What a {@linkcode LogRetention} needs. */
export interface LogRetentionOptions {
  /** Where the logs are. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Days for which they are kept, today not counted; 0: for ever. */
  readonly retentionDays: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

const DAY_MS = 24 * 60 * 60_000;
const SWEEP_MS = 6 * 60 * 60_000;
/** One sweep deletes at most so many: a store has other things to do as well. The next one goes on. */
const MAX_DELETIONS = 5000;

/** Deletes the logs of days that are over for long enough: once at the beginning, then every six hours. */
export class LogRetention {
  readonly #options: LogRetentionOptions;
  readonly #closing = new AbortController();
  readonly #log = getLogger(["berth", "logs"]);
  #running: Promise<void> | undefined;

  /** Makes one. @param options See {@linkcode LogRetentionOptions}. */
  constructor(options: LogRetentionOptions) {
    this.#options = options;
  }

  /** Begins; nothing happens where logs are kept for ever. */
  start(): void {
    if (this.#options.retentionDays > 0) this.#running ??= this.#run();
  }

  /** The first day whose logs are kept, for example `20260131`; `undefined` when all are. */
  oldestDay(): string | undefined {
    const { retentionDays, clock } = this.#options;
    if (retentionDays === 0) return undefined;
    return new Date(clock() - retentionDays * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "");
  }

  /**
   * Deletes what is too old: one list, and one call for each log that is deleted.
   *
   * @param signal Gives up.
   * @returns How many logs were deleted.
   */
  async sweep(signal?: AbortSignal): Promise<number> {
    const { store, bucket } = this.#options;
    const oldest = this.oldestDay();
    if (oldest === undefined) return 0;
    const options = { ...(signal && { signal }) };
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
      let waitMs = SWEEP_MS;
      try {
        const deleted = await this.sweep(signal);
        if (deleted > 0) this.#log.info("old logs deleted", { deleted, before: this.oldestDay() });
        if (deleted === MAX_DELETIONS) waitMs = RETRY.logSweep.minMs;
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn("old logs not deleted yet", { problem: String(error) });
        waitMs = RETRY.logSweep.minMs;
      }
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}
