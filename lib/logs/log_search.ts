/**
 * Searches the stored logs of all bots, also of those that were removed.
 *
 * @module
 */

import type { ObjectStore } from "../objects/object_store.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import type { StoredLogLine } from "./line_format.ts";
import { LineMatcher } from "./line_matcher.ts";
import type { LineQuery, ScanResult } from "./line_scanner.ts";
import { dayOfLogKey, daysWithin, getLog, idOfLogKey, logKey, logPrefix, LOGS_PREFIX } from "./log_keys.ts";
import { orderedWork } from "./ordered_work.ts";
import type { SearchWorker } from "./search_worker.ts";
import { SearchWorkers } from "./search_workers.ts";

/** Options of {@linkcode LogSearch}. */
export interface LogSearchOptions {
  /** Where the logs are. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
}

/** The search. */
export interface LogSearchQuery extends LineQuery {
  /** Ids of the bots whose logs are searched. @default all */
  readonly bots?: readonly string[];
  /** Where an earlier search stopped. @default {the newest day} */
  readonly cursor?: LogSearchCursor;
  /** Largest number of lines. */
  readonly limit: number;
  /** Time after which the search stops, in ms. */
  readonly budgetMs: number;
  /** Ends the search with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Where a search stopped. */
export interface LogSearchCursor {
  /** UTC day, for example `20260131`. */
  readonly day: string;
  /** Id of the bot. */
  readonly bot: string;
  /** Position in its log of that day, in bytes. */
  readonly offset: number;
}

/** A line that was found. */
export interface LogHit extends StoredLogLine {
  /** Id of the bot. */
  readonly bot: string;
}

/** How a search ended. */
export interface LogSearchEnd {
  /** Where the next search goes on; absent if everything is searched. */
  readonly cursor?: LogSearchCursor;
}

/** Threads of a search, and for how long they are kept after it, in ms. */
const THREADS = 2;
const IDLE_MS = 10_000;
/** A thread that is ahead waits once it has found this many lines. */
const MAX_LINES_AHEAD = 2000;

/**
 * Searches the newest day first, the logs of a day in the order of the bots' ids, and each log from its beginning on.
 */
export class LogSearch implements Disposable {
  readonly #options: LogSearchOptions & { readonly clock: Clock };
  readonly #workers = new SearchWorkers(IDLE_MS);

  /** @param options See {@linkcode LogSearchOptions}. */
  constructor(options: LogSearchOptions) {
    this.#options = { clock: systemClock, ...options };
  }

  /**
   * Searches. Threads do the work.
   *
   * @param query The search.
   * @returns The lines, in groups as they are found; at the end, how the search ended.
   * @throws {InvalidPatternError} If the expression is not accepted.
   */
  async *search(query: LogSearchQuery): AsyncGenerator<readonly LogHit[], LogSearchEnd> {
    const { clock } = this.#options;
    const { bots: _bots, cursor: _cursor, limit, budgetMs, signal, ...lineQuery } = query;
    // Throws before a thread would.
    new LineMatcher(lineQuery);
    const endsAt = clock.monotonic() + budgetMs;
    let left = limit;
    const logs = await this.#logs(query);
    using threads = this.#workers.take(Math.min(THREADS, logs.length));
    const pieces = orderedWork(logs, threads.workers, {
      maxAhead: MAX_LINES_AHEAD,
      weightOf: ({ found }: ScanResult) => found.length,
      perform: (log, worker) => this.#searchLog(log, worker, lineQuery),
    });
    for await (const { item: log, result: { found, searched } } of pieces) {
      signal?.throwIfAborted();
      const taken = found.slice(0, left);
      left -= taken.length;
      if (taken.length > 0) {
        yield taken.map(({ end: _, ...line }) => ({ bot: log.bot, ...line }));
      }
      const at = (offset: number) => ({ cursor: { day: log.day, bot: log.bot, offset } });
      if (taken.length < found.length || left === 0) return at(taken.at(-1)?.end ?? searched);
      if (clock.monotonic() >= endsAt) return at(searched);
    }
    return {};
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#workers[Symbol.dispose]();
  }

  async *#searchLog(
    log: LogSearchCursor,
    worker: SearchWorker,
    query: LineQuery,
  ): AsyncGenerator<ScanResult> {
    const { store, bucket } = this.#options;
    const content = await getLog(store, bucket, logKey(log.bot, log.day), { offset: log.offset });
    if (content) yield* worker.search(content.body, query, log.offset);
  }

  /** Lists the logs to search, in order. */
  async #logs({ bots, since, until, cursor, signal }: LogSearchQuery): Promise<LogSearchCursor[]> {
    const { store, bucket } = this.#options;
    await store.ensureBucket(bucket, { signal });
    const isWanted = daysWithin({ since, until });
    const logs: LogSearchCursor[] = [];
    const prefixes = bots?.map(logPrefix) ?? [LOGS_PREFIX];
    for (const prefix of new Set(prefixes)) {
      for await (const key of store.listKeys(bucket, prefix, { signal })) {
        const day = dayOfLogKey(key);
        if (day !== undefined && isWanted(day)) logs.push({ day, bot: idOfLogKey(key), offset: 0 });
      }
    }
    logs.sort(byOrder);
    if (!cursor) return logs;
    const rest = logs.filter((log) => byOrder(log, cursor) >= 0);
    const [begun, ...others] = rest;
    if (!begun || byOrder(begun, cursor) !== 0) return rest;
    const size = (await store.stat(bucket, logKey(begun.bot, begun.day), { signal }))?.size ?? 0;
    return size > cursor.offset ? [{ ...begun, offset: cursor.offset }, ...others] : others;
  }
}

/** Orders logs as they are searched: the newest day first, then by the id of the bot. */
function byOrder(a: LogSearchCursor, b: LogSearchCursor): number {
  if (a.day !== b.day) return a.day > b.day ? -1 : 1;
  return a.bot === b.bot ? 0 : a.bot < b.bot ? -1 : 1;
}
