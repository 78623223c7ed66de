/**
 * Makes passes over the backtests that this service runs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ContainerConflictError } from "../../lib/errors.ts";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { elapsedMs, type Moment, momentOf } from "../../lib/util/moment.ts";
import type { WorkResult } from "../control/work_queue.ts";
import { NotServingError } from "../ownership/serving_right.ts";
import { isTransientStartFailure } from "../ownership/transient_start_failure.ts";
import {
  type BacktestEnd,
  backtestOutcome,
  type FailedBacktestStart,
  planBacktest,
} from "./backtest_plan.ts";
import { type BacktestRecord, isOpenBacktest } from "./backtest_record.ts";
import type { BacktestRepository } from "./backtest_repository.ts";

/** Input of a {@linkcode BacktestRunner}. */
export interface BacktestRunnerOptions {
  /** The backtests. */
  readonly repository: BacktestRepository;
  /** The containers. */
  readonly runner: Runner;
  /** Name of this service, unique among all that share the database. */
  readonly instance: string;
  /** The clock. */
  readonly clock: Clock;
  /** Returns why the service must not start containers now; `undefined` if it may. */
  readonly whyIdle: () => string | undefined;
}

/** How often a running backtest is looked at, in case an event of the engine was lost, in ms. */
const LOOK_MS = 10_000;
/** How often the record of a running backtest says that its service is there, in ms. */
const HEARTBEAT_MS = 30_000;
/** A service whose last sign is older than this counts as gone, in ms. */
const ORPHANED_AFTER_MS = 5 * 60_000;
/**
 * Time in ms for which a backtest may be started after it was last known to be this service's own: less than the above.
 */
const CLAIM_STANDS_MS = 4 * 60_000;

/** Brings one backtest at a time closer to its end. */
export class BacktestRunner {
  readonly #options: BacktestRunnerOptions;
  readonly #failedStarts = new Map<string, FailedBacktestStart>();
  readonly #log = getLogger(["berth", "backtests"]);

  constructor(options: BacktestRunnerOptions) {
    this.#options = options;
  }

  /**
   * Makes passes over one backtest until nothing is left to do at once.
   *
   * @param id Its id.
   * @param signal Aborts the passes.
   * @returns When to look again; `isOver` once it has ended or is not this service's.
   * @throws {BerthError} If the database or the engine does not answer.
   */
  async pass(id: string, signal: AbortSignal): Promise<WorkResult & { readonly isOver: boolean }> {
    const { repository, runner, instance, clock } = this.#options;
    while (true) {
      const knownAt = momentOf(clock);
      const record = (await repository.get(id, { signal }))?.record;
      if (!record || (isOpenBacktest(record) && record.instance !== instance)) return this.#over(id);
      const container = await this.#container(record, signal);
      const failedStart = this.#failedStarts.get(id);
      const action = planBacktest({ record, container, failedStart, now: clock.now() });
      switch (action.type) {
        case "start":
          await this.#start(record, knownAt, signal);
          break;
        case "adopt":
          await this.#began(id, action.container, signal);
          break;
        case "stop":
          await this.#stop(record, action.container, signal);
          break;
        case "collect":
          await this.#collect(record, action.container, "ended", signal);
          break;
        case "close":
          await this.#close(
            id,
            { state: action.state, reason: action.reason, finishedAt: this.#now() },
            signal,
          );
          break;
        case "remove":
          await runner.removeContainer(action.container.containerId, { signal });
          break;
        case "wait":
          if (!isOpenBacktest(record)) return this.#over(id);
          await this.#beat(record, signal);
          return { againInMs: action.againInMs ?? LOOK_MS, isOver: false };
      }
    }
  }

  /**
   * Closes the record of a backtest whose service is gone.
   *
   * @param record The backtest.
   * @param signal Cancels the call.
   * @returns Whether its service is gone.
   */
  async closeIfOrphaned({ id }: BacktestRecord, signal: AbortSignal): Promise<boolean> {
    const { repository, clock } = this.#options;
    let isClosed = false;
    await repository.update(id, (record) => {
      isClosed = record.state === "running" && record.instance !== this.#options.instance &&
        clock.now() - (record.seenAt ?? record.queuedAt).getTime() > ORPHANED_AFTER_MS;
      const reason = `its service ${record.instance} has given no sign of life since ` +
        `${(record.seenAt ?? record.queuedAt).toISOString()}: its outcome is unknown`;
      return isClosed ? { state: "failed", reason, finishedAt: this.#now() } : undefined;
    }, { signal });
    return isClosed;
  }

  async #container({ id, executable }: BacktestRecord, signal: AbortSignal) {
    const found = await this.#options.runner.findContainers("backtest", executable.id, {
      slots: [id],
      signal,
    });
    return found.find(({ isForeign }) => !isForeign);
  }

  async #start({ id, executable }: BacktestRecord, knownAt: Moment, signal: AbortSignal): Promise<void> {
    const { runner, clock, whyIdle } = this.#options;
    try {
      const { container } = await runner.startContainer(executable, {
        slot: id,
        wait: false,
        signal,
        beforeStart: () => {
          const why = whyIdle();
          if (why !== undefined) throw new NotServingError(`The backtest waits for ${why}.`);
          // After a freeze, another service may have closed it.
          if (elapsedMs(clock, knownAt) > CLAIM_STANDS_MS) {
            throw new NotServingError("The backtest waits for its record to be read again.");
          }
        },
      });
      this.#failedStarts.delete(id);
      const status = await runner.getContainerStatus(container.containerId, { signal });
      await this.#began(id, status ?? container, signal);
    } catch (error) {
      // The next pass sees the container.
      if (signal.aborted || error instanceof ContainerConflictError) throw error;
      const now = clock.now();
      const { since = now, count = 0 } = this.#failedStarts.get(id) ?? {};
      const { message } = error as Error;
      const isTransient = isTransientStartFailure(error);
      this.#failedStarts.set(id, { since, at: now, count: count + 1, message, isTransient });
      this.#log.warn("backtest not started", { id, bot: executable.id, problem: message });
    }
  }

  async #began(
    id: string,
    { startedAt, containerName }: ManagedContainer,
    signal: AbortSignal,
  ): Promise<void> {
    const { repository } = this.#options;
    await repository.update(id, () => ({
      startedAt: startedAt ?? this.#now(),
      containerName,
      seenAt: this.#now(),
      reason: "",
    }), { signal });
    this.#log.info("backtest started", { id, container: containerName });
  }

  async #stop(record: BacktestRecord, container: ManagedContainer, signal: AbortSignal): Promise<void> {
    const { how } = await this.#options.runner.stopContainer(container, { keep: true, tail: 0, signal });
    await this.#collect(record, container, how === "killed" ? "killed" : "stopped", signal);
  }

  /** Closes the record before it removes the container, so that a crash in between leaves the container. */
  async #collect(
    { id }: BacktestRecord,
    { containerId }: ManagedContainer,
    how: BacktestEnd,
    signal: AbortSignal,
  ): Promise<void> {
    const { runner, repository } = this.#options;
    const collected = await runner.collect(containerId, { signal });
    const stored = await repository.update(id, (now) => backtestOutcome(now, collected, how), {
      signal,
    });
    if (stored) {
      const { state, exitCode, durationMs } = stored.record;
      this.#log.info("backtest ended", { id, bot: stored.record.executable.id, state, exitCode, durationMs });
    }
    await runner.removeContainer(containerId, { signal });
  }

  async #close(id: string, change: Partial<BacktestRecord>, signal: AbortSignal): Promise<void> {
    await this.#options.repository.update(id, () => change, { signal });
    this.#log.warn("backtest ended", { id, state: change.state, reason: change.reason });
  }

  async #beat({ id, seenAt }: BacktestRecord, signal: AbortSignal): Promise<void> {
    const ageMs = this.#options.clock.now() - (seenAt?.getTime() ?? 0);
    if (ageMs >= 0 && ageMs < HEARTBEAT_MS) return;
    await this.#options.repository.update(id, () => ({ seenAt: this.#now() }), { signal });
  }

  #over(id: string): WorkResult & { readonly isOver: true } {
    this.#failedStarts.delete(id);
    return { isOver: true };
  }

  #now(): Date {
    return new Date(this.#options.clock.now());
  }
}
