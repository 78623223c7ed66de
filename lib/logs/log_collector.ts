/**
 * Stores what containers print, every line once.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { LogLimits } from "../engine/container_spec.ts";
import { EngineError } from "../errors.ts";
import { Limiter } from "../util/limiter.ts";
import { ContainerLog } from "./container_log.ts";
import { LogBrake, type LogMode } from "./log_brake.ts";
import type { LogFormat } from "./line_format.ts";
import { LogArchive } from "./log_archive.ts";
import { shortContainerId } from "./log_checkpoints.ts";
import type { LogSegment } from "./line_assembler.ts";
import { LogRetention } from "./log_retention.ts";
import { type LoggedContainer, LogTransfer } from "./log_transfer.ts";
import { MetricSeries } from "./metric_series.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** What a {@linkcode LogCollector} needs. */
export interface LogCollectorOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus" | "attach">;
  /** Where the logs are kept. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Time between two writes of a bot's log, in ms. @default {30000} */
  readonly intervalMs?: number;
  /** Days for which logs are kept, today not counted; 0 keeps them for ever. @default {0} */
  readonly retentionDays?: number;
  /** How the engine keeps output: one that has as much when it is first read may have lost lines. @default {unknown} */
  readonly spool?: LogLimits;
  /** How lines are written. @default {"ndjson"} */
  readonly format?: LogFormat;
  /** Whether one that prints faster than its log is stored is slowed down; needs to know the `spool`. @default {"blocking"} */
  readonly mode?: LogMode;
  /** So many bytes are written without waiting for the interval. @default {1 MiB} */
  readonly urgentBytes?: number;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

/** A container to collect from. */
export interface CollectedContainer extends LoggedContainer {
  /** Time between two writes of its log, in ms. @default {the collector's} */
  readonly intervalMs?: number;
  /**
   * It was started just now: nothing of it is stored yet, and nothing need be before the first interval is over.
   *
   * @default {false}
   */
  readonly isNew?: boolean;
  /** Whether it is known to have exited. @default {false} */
  readonly hasExited?: boolean;
}

/** How it stands with the log of a container. */
export interface CollectionStatus {
  /** Whether the container has exited and all of its output is stored. */
  readonly isComplete: boolean;
  /** Why what it printed cannot be stored at the moment. */
  readonly problem?: string;
}

/** So many logs are written at the same time: what is held of each is bounded, so is all of it. */
const TRANSFERS = 4;

/**
 * Brings the output of containers into `logs/{id}/{YYYYMMDD}.log`, see `lib/logs/json_line.ts` for a line.
 *
 * Nothing is held between two writes: the engine's own log files are the spool. How far a container has been
 * read stands in the metadata of the object that holds its last lines, so that both are written at once: a
 * process that is killed at any moment goes on, after its restart, exactly where it was. While the object store
 * is down lines are counted and not held; the engine keeps the last `BOT_LOG_MAX_SIZE_MB` × `BOT_LOG_MAX_FILES` of
 * each container. If it had to drop lines before they could be stored, a line of the log says so, and how many, where
 * they were counted. A container that prints faster than its log is stored is slowed down, see {@linkcode LogMode}.
 */
export class LogCollector implements AsyncDisposable {
  readonly #options: LogCollectorOptions & Required<Omit<LogCollectorOptions, "spool">>;
  readonly #archive: LogArchive;
  readonly #limit = new Limiter(TRANSFERS);
  readonly #logs = new Map<string, ContainerLog>();
  readonly #containers = new Map<string, LoggedContainer>();
  readonly #retention: LogRetention;
  #isClosed = false;
  /** Bytes of all containers. */
  #stored = 0;
  /** Metrics that the containers have printed, by id of the bot. */
  readonly metrics: MetricSeries = new MetricSeries();

  /**
   * Makes one; nothing is read or dialled before the first container.
   *
   * @param options See {@linkcode LogCollectorOptions}.
   */
  constructor(options: LogCollectorOptions) {
    this.#options = {
      intervalMs: 30_000,
      retentionDays: 0,
      urgentBytes: 1024 ** 2,
      mode: "blocking",
      format: "ndjson",
      clock: Date.now,
      ...options,
    };
    this.#archive = new LogArchive({
      ...this.#options,
      isLive: (container) => this.#containers.has(container),
    });
    this.#retention = new LogRetention(this.#options);
  }

  /**
   * Begins to collect from a container, or goes on where somebody has left off. One that is collected from
   * already is left as it is.
   *
   * @param container The container, in any phase.
   */
  start(container: CollectedContainer): void {
    const known = this.#logs.get(container.containerId);
    if (known && container.hasExited) known.markExited(container.createdAt);
    if (this.#isClosed || known) return;
    this.#retention.start();
    this.#containers.set(shortContainerId(container.containerId), container);
    const { orchestrator, clock, intervalMs, urgentBytes, spool, mode, format } = this.#options;
    const { isNew = false } = container;
    // All files but the last are full once any line was dropped; a tenth is left for what is not counted exactly.
    const fullBytes = spool ? 0.9 * spool.maxSizeBytes * Math.max(1, spool.maxFiles - 1) : Infinity;
    const brake = spool && mode === "blocking"
      ? new LogBrake({
        orchestrator,
        container: container.containerId,
        spool,
        urgentBytes,
        storedOfAll: () => this.#stored,
      })
      : undefined;
    const transfer = new LogTransfer(container, {
      orchestrator: brake ?? orchestrator,
      archive: this.#archive,
      format,
      fullBytes,
      onStored: (segment) => {
        this.#stored += segment.bytes.length;
        brake?.stored(segment.textBytes, segment.entries);
        this.#recordMetrics(container.id, segment);
      },
      oldestDay: () => this.#retention.oldestDay(),
      isNew,
      clock,
    });
    const log = new ContainerLog({
      container,
      isNew,
      orchestrator,
      transfer,
      ...(brake && { brake }),
      limit: this.#limit,
      before: (log, signal) => this.#completeEarlier(container.id, log, signal),
      intervalMs: container.intervalMs ?? intervalMs,
      urgentBytes,
    });
    if (container.hasExited) log.markExited(container.createdAt);
    this.#logs.set(container.containerId, log);
  }

  /**
   * Slows a container down no more: it is about to be stopped, and needs its time for that.
   *
   * @param containerId The engine's id.
   */
  letGo(containerId: string): void {
    this.#logs.get(containerId)?.letGo();
  }

  /**
   * Stores the rest of what a container that has exited has printed; then it may be removed.
   *
   * @param container The container.
   * @param signal Gives up.
   * @returns Resolves when all is stored.
   * @throws What keeps it from being stored, for example `ObjectStoreError`. It is tried again all the time;
   * call this again to see whether it has succeeded.
   */
  async stop(container: CollectedContainer, signal?: AbortSignal): Promise<void> {
    this.start(container);
    await this.#logs.get(container.containerId)?.complete(signal);
  }

  /**
   * Goes on with the containers that are there, and forgets those that are gone.
   *
   * @param containers All of them.
   */
  adopt(containers: readonly CollectedContainer[]): void {
    for (const container of containers) this.start(container);
    const there = new Set(containers.map(({ containerId }) => containerId));
    for (const [containerId, log] of this.#logs) {
      if (log.isComplete && !there.has(containerId)) this.#forget(containerId);
    }
  }

  /**
   * How it stands with a container's log.
   *
   * @param containerId The engine's id.
   * @returns `undefined` for a container that is not collected from.
   */
  status(containerId: string): CollectionStatus | undefined {
    const log = this.#logs.get(containerId);
    if (!log) return undefined;
    const { isComplete, problem } = log;
    return { isComplete, ...(problem !== undefined && { problem }) };
  }

  /** Ends. What is not stored yet is in the engine's spool, and stored by whoever begins again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#retention.close(), ...[...this.#logs.values()].map((log) => log.close())]);
  }

  /** {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Lines of a bot's containers stand in the order of these: the last ones of one that has exited come first. */
  async #completeEarlier(id: string, log: ContainerLog, signal: AbortSignal): Promise<void> {
    const earlier = [...this.#logs.values()].filter((one) =>
      one.id === id && !one.isComplete && one.isBefore(log)
    );
    for (const one of earlier.sort((a, b) => (a.isBefore(b) ? -1 : 1))) {
      try {
        await one.complete(signal);
      } catch (error) {
        // A log that the engine cannot read keeps nobody else's from being stored.
        if (!(error instanceof EngineError)) throw error;
      }
    }
  }

  #recordMetrics(id: string, { candidates }: LogSegment): void {
    for (const { time, text } of candidates) this.metrics.record(id, time, text);
  }

  #forget(containerId: string): void {
    const short = shortContainerId(containerId);
    const container = this.#containers.get(short);
    this.#logs.delete(containerId);
    this.#containers.delete(short);
    if (container) this.#archive.release(container.id, short);
  }
}
