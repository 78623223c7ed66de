/**
 * Runs backtests from a queue: a bounded number at once, the others in the order of their requests.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Executable } from "../../lib/executable/executable.ts";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { orderedSuffix } from "../../lib/util/ordered_suffix.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import { OutageLog } from "../control/outage_log.ts";
import { tick } from "../control/tick.ts";
import { watchContainers } from "../control/watch_containers.ts";
import type { Meter } from "../control/meter.ts";
import { WorkQueue } from "../control/work_queue.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import { servesSegment } from "../documents/serves_segment.ts";
import { backtestId, type BacktestRecord, isOpenBacktest } from "./backtest_record.ts";
import type { BacktestRepository, BacktestRetention, StoredBacktest } from "./backtest_repository.ts";
import { BacktestRunner } from "./backtest_runner.ts";

/** Input of a {@linkcode BacktestService}. */
export interface BacktestServiceOptions {
  /** The backtests. */
  readonly repository: BacktestRepository;
  /** The containers. */
  readonly runner: Runner;
  /** Name of this service, unique among all that share the database. */
  readonly instance: string;
  /** Maximum number of backtests that run at once. @default 2 */
  readonly maxConcurrentBacktests?: number;
  /** How much history each bot keeps. @default 100 records, 30 days */
  readonly retention?: BacktestRetention;
  /** Segment to serve. @default ALL_SEGMENTS */
  readonly segment?: number;
  /** Time between two reads of the queue, in ms: other processes may have added to it. @default 30000 */
  readonly reconcileIntervalMs?: number;
  /** Returns why the service must not start containers now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Removes what a killed predecessor left on the engine. @default the runner's method */
  readonly removeOrphans?: (signal: AbortSignal) => Promise<unknown>;
  /** Takes measurements. @default nothing is measured */
  readonly meter?: Meter;
  /** @default the system clock */
  readonly clock?: Clock;
}

/** Largest number of open backtests of all bots. */
export const MAX_OPEN_BACKTESTS = 1000;
const DAY_MS = 86_400_000;
/** How often old records are looked for, in ms. */
const TRIM_INTERVAL_MS = 60 * 60_000;
const DRAIN_TIMEOUT_MS = 9000;

/**
 * Takes backtests from a queue in the database. A record's revision is the claim, so one process alone runs a backtest,
 * and the next process of the same instance takes it over.
 */
export class BacktestService {
  readonly #options: Required<Omit<BacktestServiceOptions, "meter">>;
  readonly #runner: BacktestRunner;
  readonly #queue: WorkQueue;
  /** Backtests that this process runs, with their bots. */
  readonly #active = new Map<string, string>();
  readonly #sweep = new Wakeup();
  readonly #log = getLogger(["berth", "backtests"]);
  readonly #outages = new OutageLog(this.#log);
  /** Ends the watch of the engine's events, which is open only while something runs. */
  #watch: AbortController | undefined;
  #watching: Promise<void> = Promise.resolve();
  #isSwept = false;
  #trimmedAt = -Infinity;

  constructor(options: BacktestServiceOptions) {
    this.#options = {
      maxConcurrentBacktests: 2,
      retention: { maxRecords: 100, maxAgeMs: 30 * DAY_MS },
      segment: ALL_SEGMENTS,
      reconcileIntervalMs: 30_000,
      clock: systemClock,
      whyIdle: () => undefined,
      removeOrphans: (signal) => options.runner.removeOrphans({ signal, kinds: ["backtest"] }),
      ...options,
    };
    this.#runner = new BacktestRunner(this.#options);
    this.#queue = new WorkQueue({
      handle: (id, signal) => this.#handle(id, signal),
      onError: ({ key, error, retryInMs }) =>
        this.#log.warn("pass over a backtest failed", { id: key, problem: messageOf(error), retryInMs }),
      ...(options.meter && { meter: options.meter.queue("backtests") }),
      clock: this.#options.clock,
    });
  }

  /** Number of backtests that this process runs. */
  get running(): number {
    return this.#active.size;
  }

  /**
   * Adds a backtest to the queue. A process that serves its segment runs it.
   *
   * @param executable The program to run: a program that ends by itself.
   * @param requestedBy Name of the caller.
   * @param options A signal.
   * @returns The backtest; `undefined` if the queue is full.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async submit(
    executable: Executable,
    requestedBy: string,
    options?: RepositoryCallOptions,
  ): Promise<BacktestRecord | undefined> {
    const { repository, clock } = this.#options;
    if ((await repository.listOpen(options)).length >= MAX_OPEN_BACKTESTS) return undefined;
    const now = clock.now();
    const id = backtestId(now, orderedSuffix());
    const record: BacktestRecord = { id, executable, state: "queued", requestedBy, queuedAt: new Date(now) };
    await repository.insert(record, options);
    this.#sweep.wake();
    return record;
  }

  /**
   * Cancels a backtest: a queued one at once, a running one as soon as its program has ended.
   *
   * @param id Its id.
   * @param cancelledBy Name of the caller.
   * @param options A signal.
   * @returns The backtest; `undefined` if there is none.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async cancel(
    id: string,
    cancelledBy: string,
    options?: RepositoryCallOptions,
  ): Promise<BacktestRecord | undefined> {
    const { repository, clock } = this.#options;
    const stored = await repository.update(id, (record) => {
      if (!isOpenBacktest(record) || record.cancelledBy !== undefined) return undefined;
      if (record.state === "running") return { cancelledBy };
      const reason = `cancelled by ${cancelledBy} before it was started`;
      return { cancelledBy, state: "cancelled", reason, finishedAt: new Date(clock.now()) };
    }, options);
    if (this.#active.has(id)) this.#queue.add(id);
    return stored?.record;
  }

  /**
   * Runs until the signal is aborted, then ends all work in progress within 10 s. Running backtests continue, and the
   * next service of the same name takes them over.
   *
   * @param signal Ends the service.
   * @returns Resolves when everything has ended; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, reconcileIntervalMs } = this.#options;
    await tick("backtests", reconcileIntervalMs, {
      signal,
      clock,
      wakeup: this.#sweep,
      onError: ({ error }) => this.#outages.report("sweep", messageOf(error)),
    }, (signal) => this.#sweepOnce(signal));
    this.#watch?.abort();
    await this.#watching;
    await this.#queue.drain({ signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS) });
    this.#active.clear();
  }

  /** Resumes the backtests that this instance already runs, and takes as many from the queue as there is room for. */
  async #sweepOnce(signal: AbortSignal): Promise<void> {
    const { repository, instance, segment, maxConcurrentBacktests } = this.#options;
    const open = await repository.listOpen({ signal });
    if (!this.#isSwept) await this.#cleanUp(signal);
    for (const { record } of open) {
      if (record.state !== "running") continue;
      if (record.instance === instance) this.#take(record);
      else await this.#runner.closeIfOrphaned(record, signal);
    }
    for (const stored of open) {
      if (this.#active.size >= maxConcurrentBacktests) break;
      const isMine = servesSegment(segment, stored.record.executable.segment);
      if (stored.record.state === "queued" && isMine) await this.#claim(stored, signal);
    }
    await this.#trim(signal);
    this.#outages.report("sweep");
  }

  async #claim(stored: StoredBacktest, signal: AbortSignal): Promise<void> {
    const { repository, instance, clock } = this.#options;
    const now = new Date(clock.now());
    const change = { state: "running", instance, claimedAt: now, seenAt: now } as const;
    const claimed = await repository.replace(stored, change, { signal });
    if (claimed) this.#take(claimed.record);
  }

  #take({ id, executable }: BacktestRecord): void {
    if (!this.#active.has(id)) this.#active.set(id, executable.id);
    this.#queue.add(id);
    if (!this.#watch) this.#openWatch();
  }

  async #handle(id: string, signal: AbortSignal): Promise<{ againInMs?: number }> {
    const { isOver, ...result } = await this.#runner.pass(id, signal);
    if (!isOver) return result;
    this.#active.delete(id);
    this.#trimmedAt = -Infinity;
    if (this.#active.size === 0) this.#closeWatch();
    // Another one may have its turn.
    this.#sweep.wake();
    return {};
  }

  /** Lets logs be stored again, and removes what belongs to no running backtest. */
  async #cleanUp(signal: AbortSignal): Promise<void> {
    const { runner, repository, removeOrphans, instance } = this.#options;
    await removeOrphans(signal);
    const containers = await runner.superviseContainers(ALL_SEGMENTS, { kind: "backtest", signal });
    for (const { slot, isForeign, containerId } of containers) {
      if (slot === undefined || isForeign) continue;
      const record = (await repository.get(slot, { signal }))?.record;
      if (record?.state === "running" && record.instance === instance) continue;
      await runner.stopContainer(containerId, { keep: true, tail: 0, signal });
      await runner.removeContainer(containerId, { signal });
      this.#log.warn("container of no running backtest removed", { id: slot });
    }
    this.#isSwept = true;
  }

  async #trim(signal: AbortSignal): Promise<void> {
    const { repository, retention, clock } = this.#options;
    if (clock.monotonic() - this.#trimmedAt < TRIM_INTERVAL_MS) return;
    await repository.trim(retention, clock.now(), { signal });
    this.#trimmedAt = clock.monotonic();
  }

  #openWatch(): void {
    const watch = this.#watch = new AbortController();
    const wake = (bot: string) => {
      for (const [id, owner] of this.#active) if (owner === bot) this.#queue.add(id);
    };
    this.#watching = watchContainers({
      ...this.#options,
      log: this.#log,
      signal: watch.signal,
      onEvent: ({ id, kind }) => kind === "backtest" && wake(id),
      onOpen: () => [...this.#active.keys()].forEach((id) => this.#queue.add(id)),
    });
  }

  #closeWatch(): void {
    this.#watch?.abort();
    this.#watch = undefined;
  }
}
