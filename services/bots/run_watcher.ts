/**
 * The port to the parts that watch running bots: the watchdog, and guards.
 *
 * @module
 */

import type { LiveLine } from "../../lib/logs/live_line.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { BotSettings } from "../documents/bot_settings.ts";

/** A container of a bot that runs. */
export interface Run {
  /** Id of the bot. */
  readonly id: string;
  /** The container. */
  readonly container: ManagedContainer;
  /** The settings in the bot's document. */
  readonly settings: BotSettings;
  /** Whether this process has just started it; otherwise it may have printed lines that nobody here has seen. */
  readonly isNew: boolean;
  /**
   * Makes sure that every line that the engine has now was given to {@linkcode RunWatch.onLine}.
   *
   * @throws The error that keeps the lines from being read, or an `AbortError` if the run is no longer watched.
   */
  readonly syncLines: () => Promise<void>;
}

/** The watch over one run. Disposed once the container has ended, is about to be stopped, or its settings change. */
export interface RunWatch extends Disposable {
  /**
   * Lines after this time are given, even if they were printed before the watch; a time as the engine writes it. Earlier
   * ones may be given, too.
   *
   * @default {those that are printed from now on; all of a run that is new}
   */
  readonly since?: string;
  /** Called with each line, once. Must return soon and must not throw. @default {the run's lines are not read} */
  onLine?(line: LiveLine): void;
  /** Called when lines begin (`true`) and cease (`false`) to arrive as they are printed. Must not throw. */
  onConnection?(isConnected: boolean): void;
  /** Called when somebody freezes the container (`docker pause`), and when it goes on. Must not throw. */
  onPause?(isPaused: boolean): void;
}

/** Looks after runs. */
export interface RunWatcher {
  /**
   * Begins to watch a run. Called again when the bot's settings have changed, after the end of the earlier watch.
   *
   * @param run The run.
   * @returns The watch; `undefined` if the bot's settings ask for none.
   */
  watch(run: Run): RunWatch | undefined;
}

/**
 * Combines two watches over the same run.
 *
 * @param one A watch. @param other Another one, if there is any.
 */
export function bothWatches(one: RunWatch, other: RunWatch | undefined): RunWatch {
  if (!other) return one;
  return {
    ...(one.since !== undefined && { since: one.since }),
    onLine(line) {
      one.onLine?.(line);
      other.onLine?.(line);
    },
    onConnection(isConnected) {
      one.onConnection?.(isConnected);
      other.onConnection?.(isConnected);
    },
    onPause(isPaused) {
      one.onPause?.(isPaused);
      other.onPause?.(isPaused);
    },
    [Symbol.dispose]() {
      one[Symbol.dispose]();
      other[Symbol.dispose]();
    },
  };
}
