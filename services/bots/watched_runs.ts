/**
 * The runs that are watched: one follower of lines a container, however many watch it.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { FollowedLines, ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { Run, RunWatch, RunWatcher } from "./run_watcher.ts";

/** Dependencies of {@linkcode WatchedRuns}. */
export interface WatchedRunsOptions {
  /** Follows the lines. */
  readonly runner: Pick<Runner, "followLines">;
  /** The watchers. */
  readonly watchers: readonly RunWatcher[];
  /** Settings of a bot from an earlier process, for a document that cannot be read now. @default nothing */
  readonly lastSettings?: (id: string) => BotSettings | undefined;
  /** The clock. */
  readonly clock: Clock;
}

/** How long the last lines of a container that has ended may take, in ms. */
const LAST_LINES_MS = 5000;

interface WatchedRun {
  readonly container: ManagedContainer;
  readonly isNew: boolean;
  settings: BotSettings;
  isPaused: boolean;
  isConnected: boolean;
  watches: readonly RunWatch[];
  lines?: FollowedLines | undefined;
}

/** Opens the watches that the settings of each run ask for. A run without any costs nothing. */
export class WatchedRuns implements AsyncDisposable {
  readonly #options: WatchedRunsOptions;
  readonly #runs = new Map<string, WatchedRun>();
  readonly #ending = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  /** @param options See {@linkcode WatchedRunsOptions}. */
  constructor(options: WatchedRunsOptions) {
    this.#options = options;
  }

  /**
   * Records what a pass has found of a bot.
   *
   * @param id Id of the bot.
   * @param container Its container that runs; `undefined` if there is none.
   * @param settings The settings in its document; `undefined` if that is unknown, so that the earlier settings hold.
   * @param isNew Whether this process has just started the container.
   */
  see(id: string, container: ManagedContainer | undefined, settings?: BotSettings, isNew = false): void {
    const known = this.#runs.get(id);
    if (known && known.container.containerId !== container?.containerId) {
      this.#track(this.#endAfterLastLines(id, known));
    }
    if (!container || this.#closing.signal.aborted) return;
    const run = this.#runs.get(id);
    if (!run) {
      const known = settings ?? this.#options.lastSettings?.(id);
      if (known) this.#begin(id, container, known, isNew);
      return;
    }
    if (settings && !isDeepStrictEqual(settings, run.settings)) {
      run.settings = settings;
      this.#watch(id, run);
    }
    const isPaused = container.isPaused ?? false;
    if (isPaused === run.isPaused) return;
    run.isPaused = isPaused;
    for (const watch of run.watches) watch.onPause?.(isPaused);
  }

  /** Has every run watched anew, because whoever watches looks for something else. */
  review(): void {
    for (const [id, run] of [...this.#runs]) this.#watch(id, run);
  }

  /**
   * Ends the watch over a container that is about to be stopped.
   *
   * @param containerId The engine's id.
   */
  end(containerId: string): void {
    for (const [id, run] of this.#runs) {
      if (run.container.containerId === containerId) this.#end(id, run);
    }
  }

  /** Ends all watches. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const [id, run] of this.#runs) this.#end(id, run);
    await Promise.all(this.#ending);
  }

  #begin(id: string, container: ManagedContainer, settings: BotSettings, isNew: boolean): void {
    const isPaused = container.isPaused ?? false;
    const run: WatchedRun = { container, settings, isNew, isPaused, isConnected: false, watches: [] };
    this.#watch(id, run);
  }

  #watch(id: string, run: WatchedRun): void {
    for (const watch of run.watches) watch[Symbol.dispose]();
    const { container, settings, isNew } = run;
    const syncLines = async () => await run.lines?.sync();
    const asked: Run = { id, container, settings, isNew: isNew && !this.#runs.has(id), syncLines };
    run.watches = this.#options.watchers.map((one) => one.watch(asked)).filter((one) => one !== undefined);
    if (run.watches.length > 0) this.#runs.set(id, run);
    else this.#runs.delete(id);
    const needsLines = run.watches.some(({ onLine }) => onLine);
    if (!needsLines) this.#closeLines(run);
    else if (!run.lines) this.#follow(run, asked.isNew);
    for (const watch of run.watches) {
      if (run.isPaused) watch.onPause?.(true);
      if (run.isConnected) watch.onConnection?.(true);
    }
  }

  #follow(run: WatchedRun, isNew: boolean): void {
    const times = run.watches.map(({ since }) => since).filter((since) => since !== undefined).sort();
    run.lines = this.#options.runner.followLines(run.container, {
      from: isNew ? "begin" : times[0] === undefined ? "now" : { after: times[0] },
      onLine: (line) => {
        for (const watch of run.watches) watch.onLine?.(line);
      },
      onConnection: (isConnected) => {
        run.isConnected = isConnected;
        for (const watch of run.watches) watch.onConnection?.(isConnected);
      },
    });
  }

  #end(id: string, run: WatchedRun): void {
    this.#runs.delete(id);
    for (const watch of run.watches) watch[Symbol.dispose]();
    this.#closeLines(run);
  }

  /** A container that has ended by itself may have said why in its last lines. */
  async #endAfterLastLines(id: string, run: WatchedRun): Promise<void> {
    this.#runs.delete(id);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#closing.signal]);
    await Promise.race([run.lines?.done, this.#options.clock.sleep(LAST_LINES_MS, signal).catch(() => {})]);
    over.abort();
    for (const watch of run.watches) watch[Symbol.dispose]();
    this.#closeLines(run);
  }

  #closeLines(run: WatchedRun): void {
    const { lines } = run;
    run.lines = undefined;
    run.isConnected = false;
    if (lines) this.#track(lines.close());
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}
