/**
 * Stores what containers print, every line once.
 *
 * @module
 */

import { EngineError } from "../errors.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { systemClock } from "../util/clock.ts";
import { Limiter } from "../util/limiter.ts";
import { ContainerLogCollector } from "./container_log_collector.ts";
import { shortContainerId } from "./log_checkpoints.ts";
import type { CollectedContainer, LogCollection, LogCollectionOptions } from "./log_collection.ts";
import { LogRetention } from "./log_retention.ts";
import { LogWriter } from "./log_writer.ts";
import { MetricSeries } from "./metric_series.ts";

/** Options of {@linkcode LogCollector}. */
export interface LogCollectorOptions extends LogCollectionOptions {
  /** Where the logs are kept. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Days for which logs are kept, not counting today; 0 keeps them forever. @default {0} */
  readonly retentionDays?: number;
  /** Types of metrics that are kept of every bot, however many others it prints. @default {none} */
  readonly keptMetrics?: readonly string[];
  /** Called with lines that are stored. @default {nothing is called} */
  readonly onStored?: (stored: LoggedLines) => void;
}

/** Lines of a log that were stored at once. */
export interface LoggedLines {
  /** Id of the bot or schedule that printed them. */
  readonly id: string;
  /** Their number. */
  readonly lines: number;
  /** Their size when they were printed, in bytes. */
  readonly bytes: number;
  /** Time since the first of them was printed, in ms. */
  readonly lagMs: number;
  /** Places among them where lines are lost, each with how many are known of. */
  readonly losses: readonly number[];
}

/** The state of a container's log. */
export interface CollectionStatus {
  /** Whether the container has exited and all of its output is stored. */
  readonly isComplete: boolean;
  /** Why its output cannot be stored at the moment. */
  readonly problem?: string;
  /** For how long the engine has not reached the log, in ms; absent if it does. */
  readonly unreachableMs?: number;
}

/** How many logs are written at the same time; what is held of each is bounded. */
const MAX_SHIPMENTS = 4;

/**
 * Brings the output of containers into `logs/{id}/{YYYYMMDD}.log`; see `lib/logs/json_line.ts` for the form of a line.
 *
 * Between two writes it holds nothing: the engine's own log files are the spool. The metadata of the object with the
 * last lines of a container says how far its log is stored. Both are written at once, so a process that is killed at any
 * moment continues after its restart exactly where it was. While the object store is down, lines are counted and not
 * held; the engine keeps the last `BOT_LOG_MAX_SIZE_MB` × `BOT_LOG_MAX_FILES` of each container. If the engine drops
 * lines before they are stored, a line of the log says so, with their number if they were counted. A container that
 * prints faster than its log is stored is slowed down, see {@linkcode LogMode}.
 */
export class LogCollector implements AsyncDisposable {
  readonly #collection: LogCollection;
  readonly #retention: LogRetention;
  /** By short id of the container. */
  readonly #logs = new Map<string, ContainerLogCollector>();
  #isClosed = false;
  #storedBytes = 0;
  /** Metrics that the containers have printed, by id of the bot. */
  readonly metrics: MetricSeries;

  constructor(options: LogCollectorOptions) {
    const { store, bucket, clock = systemClock, retentionDays = 0 } = options;
    this.metrics = new MetricSeries({ always: options.keptMetrics ?? [] });
    this.#retention = new LogRetention({ store, bucket, retentionDays, clock });
    this.#collection = {
      intervalMs: 30_000,
      urgentBytes: 1024 ** 2,
      mode: "blocking",
      format: "ndjson",
      ...options,
      clock,
      writer: new LogWriter({ store, bucket, clock, isLive: (container) => this.#logs.has(container) }),
      limit: new Limiter(MAX_SHIPMENTS),
      oldestDay: () => this.#retention.oldestDay(),
      storedOfAll: () => this.#storedBytes,
      onStored: (id, { bytes, candidates, textBytes, lines, firstTime, losses }) => {
        this.#storedBytes += bytes.length;
        for (const { time, text } of candidates) this.metrics.record(id, time, text);
        const lagMs = Math.max(0, clock.now() - Date.parse(firstTime));
        options.onStored?.({ id, lines, bytes: textBytes, lagMs, losses });
      },
      completeEarlier: (log, signal) => this.#completeEarlier(log, signal),
    };
  }

  /**
   * Starts to collect from a container, or continues where an earlier collector has ended. Does nothing if it collects
   * from the container already.
   *
   * @param container The container, in any phase.
   */
  start(container: CollectedContainer): void {
    const known = this.#logOf(container.containerId);
    if (known && container.hasExited) known.markExited(container.createdAt);
    if (this.#isClosed || known) return;
    this.#retention.start();
    const log = new ContainerLogCollector(container, this.#collection);
    this.#logs.set(shortContainerId(container.containerId), log);
  }

  /** Ends the back-pressure on a container that is about to be stopped. */
  releaseBackpressure(containerId: string): void {
    this.#logOf(containerId)?.releaseBackpressure();
  }

  /**
   * Stores the rest of the output of a container that has exited; then it may be removed.
   *
   * @returns Resolves once everything is stored.
   * @throws The error that keeps it from being stored, for example `ObjectStoreError`. The collector keeps trying; call
   * this again to see whether it has succeeded.
   */
  async stop(container: CollectedContainer, signal?: AbortSignal): Promise<void> {
    this.start(container);
    await this.#logOf(container.containerId)?.complete(signal);
  }

  /**
   * Ends the log of a container whose host is gone with whatever was not stored yet; then it may be removed.
   *
   * @param text The last line of its log: why.
   * @throws The error that keeps the line from being stored.
   */
  async abandon(container: CollectedContainer, text: string, signal?: AbortSignal): Promise<void> {
    this.start(container);
    await this.#logOf(container.containerId)?.abandon(text, signal);
  }

  /**
   * Collects from these containers, and forgets those that are gone.
   *
   * @param containers All containers whose logs are to be stored.
   */
  adopt(containers: readonly CollectedContainer[]): void {
    for (const container of containers) this.start(container);
    const there = new Set(containers.map(({ containerId }) => shortContainerId(containerId)));
    for (const [container, log] of this.#logs) {
      if (!log.isComplete || there.has(container)) continue;
      this.#logs.delete(container);
      this.#collection.writer.releaseContainer(log.id, container);
    }
  }

  /**
   * Tells the state of a container's log.
   *
   * @returns `undefined` if it does not collect from this container.
   */
  status(containerId: string): CollectionStatus | undefined {
    const log = this.#logOf(containerId);
    if (!log) return undefined;
    const { isComplete, problem, unreachableMs } = log;
    return {
      isComplete,
      ...(problem !== undefined && { problem }),
      ...(unreachableMs !== undefined && { unreachableMs }),
    };
  }

  /** Number of containers whose output cannot be stored at the moment. */
  get failing(): number {
    return [...this.#logs.values()].filter(({ problem }) => problem !== undefined).length;
  }

  /** Stops collecting. The rest stays in the engine's files for the next collector. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#retention.close(), ...[...this.#logs.values()].map((log) => log.close())]);
  }

  /** {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Stores the last lines of a bot's earlier containers first, so that its log has the order of its containers. */
  async #completeEarlier(log: ContainerLogCollector, signal: AbortSignal): Promise<void> {
    const earlier = [...this.#logs.values()].filter((one) =>
      one.id === log.id && !one.isComplete && one.isBefore(log)
    );
    for (const one of earlier.sort((a, b) => (a.isBefore(b) ? -1 : 1))) {
      try {
        await one.complete(signal);
      } catch (error) {
        // A log that the engine cannot read must not hold up another one.
        if (!(error instanceof EngineError)) throw error;
      }
    }
  }

  #logOf(containerId: string): ContainerLogCollector | undefined {
    return this.#logs.get(shortContainerId(containerId));
  }
}
