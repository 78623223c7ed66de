/**
 * Measures what containers use, only when somebody looks.
 *
 * @module
 */

import { EngineError } from "../../lib/errors.ts";
import { ALL_SEGMENTS, type ManagedContainer, type Runner } from "../../lib/runner/runner.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import { allSettledOrThrow } from "../../lib/util/promises.ts";
import { SharedWork } from "../../lib/util/shared_work.ts";
import type { Usage, UsagePoint } from "../contract/events.ts";
import { UsageHistory } from "./usage_history.ts";

/** Options of a {@linkcode UsageSampler}. */
export interface UsageSamplerOptions {
  /** The containers. */
  readonly runner: Pick<Runner, "listManagedContainers" | "getUsage">;
  /** Segment that is served. @default {ALL_SEGMENTS} */
  readonly segment?: number;
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
}

/** A measurement of all running containers. */
export interface UsageRound {
  /** Their usage, in the order of their ids. */
  readonly usages: readonly Usage[];
  /** Time since the measurement began, in ms. */
  readonly ageMs: number;
  /** How long it took, in ms. */
  readonly durationMs: number;
}

/** Containers that are measured at once. An engine may take a second for each, but most of it is waiting. */
const CONCURRENCY = 64;
/** People who look at the same time share a measurement that is not older than this, in ms. */
const SHARED_MS = 500;
/** Shortest time between two measurements in the background, in ms. */
const INTERVAL_MS = 10_000;
/** Further time between two samples for each container, in ms: measuring it costs the engine one to three. */
const INTERVAL_PER_CONTAINER_MS = 60;
/** A measurement that is older than this is not shown any more, in ms. */
const MAX_AGE_MS = 5 * 60_000;

interface Round {
  readonly usages: readonly Usage[];
  readonly beganAt: number;
  readonly durationMs: number;
}

/**
 * Measures containers. The engine is asked for each container, so readers share what was measured: people wait for a
 * new measurement, {@linkcode latest} gives the last one and lets the next one be made in the background.
 */
export class UsageSampler implements AsyncDisposable {
  readonly #options: Required<UsageSamplerOptions>;
  readonly #shared = new SharedWork<readonly Usage[]>();
  readonly #closing = new AbortController();
  readonly #history = new UsageHistory();
  #last: Round | undefined;
  /** The measurement in the background, while it is made. */
  #background: Promise<unknown> | undefined;

  /** @param options See {@linkcode UsageSamplerOptions}. */
  constructor(options: UsageSamplerOptions) {
    this.#options = { segment: ALL_SEGMENTS, clock: systemClock, ...options };
  }

  /**
   * Measures all running containers.
   *
   * @param signal Cancels the call.
   * @throws {EngineUnavailableError} If the engine does not answer.
   */
  async measure(signal: AbortSignal): Promise<readonly Usage[]> {
    const last = this.#last;
    if (last && this.#options.clock.monotonic() - last.beganAt < SHARED_MS) return last.usages;
    return await this.#shared.run("all", (signal) => this.#measureAll(signal), signal);
  }

  /**
   * Measures the running containers of one bot or schedule.
   *
   * @param id Its id.
   * @param signal Cancels the call.
   * @throws {EngineUnavailableError} If the engine does not answer.
   */
  async measureOne(id: string, signal: AbortSignal): Promise<readonly Usage[]> {
    return await this.#shared.run(
      `of ${id}`,
      (signal) => this.#measure((one) => one.id === id, signal),
      signal,
    );
  }

  /**
   * Gives the last measurement, and begins the next one in the background if the last one is old.
   *
   * @returns `undefined` if nothing was measured within the last five minutes.
   */
  latest(): UsageRound | undefined {
    const { clock } = this.#options;
    const ageMs = () => clock.monotonic() - (this.#last?.beganAt ?? -Infinity);
    const count = this.#last?.usages.length ?? 0;
    const intervalMs = Math.max(INTERVAL_MS, count * INTERVAL_PER_CONTAINER_MS);
    if (ageMs() >= intervalMs && !this.#closing.signal.aborted) {
      this.#background ??= this.#measureAll(this.#closing.signal)
        .catch(() => {}) // An engine that does not answer shows in the metrics of its calls.
        .finally(() => this.#background = undefined);
    }
    const last = this.#last;
    if (!last || ageMs() > MAX_AGE_MS) return undefined;
    return { usages: last.usages, ageMs: ageMs(), durationMs: last.durationMs };
  }

  /**
   * Gives what one bot used, as far as somebody has measured it. Measures nothing.
   *
   * @param id Its id.
   * @returns The points, the earliest first.
   */
  historyOf(id: string): UsagePoint[] {
    return this.#history.of(id);
  }

  /** Ends the measurement in the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The sampler was closed.", "AbortError"));
    await this.#background;
  }

  async #measureAll(signal: AbortSignal): Promise<readonly Usage[]> {
    const { clock } = this.#options;
    const beganAt = clock.monotonic();
    const usages = await this.#measure(() => true, signal);
    this.#last = { usages, beganAt, durationMs: clock.monotonic() - beganAt };
    return usages;
  }

  async #measure(
    isWanted: (container: ManagedContainer) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Usage[]> {
    const { runner, segment } = this.#options;
    const listed = await runner.listManagedContainers(segment, { signal });
    const running = listed.filter((one) => one.phase === "running" && !one.isForeign && isWanted(one));
    const limiter = new Limiter(CONCURRENCY);
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const measured = await allSettledOrThrow(
      running.map((container) =>
        limiter.run(() => this.#usageOf(container, either), either).catch((error) => {
          // An engine that does not answer for one container will not do so for the others.
          failed.abort(error);
          throw error;
        })
      ),
    );
    const usages = measured.filter((usage) => usage !== undefined).sort((a, b) =>
      a.id < b.id ? -1 : a.id > b.id ? 1 : 0
    );
    this.#history.add(usages);
    return usages;
  }

  async #usageOf(container: ManagedContainer, signal: AbortSignal): Promise<Usage | undefined> {
    // The engine refuses to measure a container that is being removed.
    const usage = await this.#options.runner.getUsage(container, { signal }).catch((error) => {
      if (error instanceof EngineError) return undefined;
      throw error;
    });
    const { id, kind, containerId, containerName, attempt, createdAt } = container;
    return usage && {
      id,
      kind,
      containerId,
      containerName,
      ...usage,
      time: usage.time.toISOString(),
      restarts: attempt - 1,
      createdAt: createdAt.toISOString(),
    };
  }
}
