/**
 * The operations on the states of bots, on one host and on a cluster.
 *
 * @module
 */

import type { AboutState } from "./about_state.ts";
import type { Snapshot } from "./snapshot.ts";
import type { RestoreSource } from "./state_restorer.ts";

/** Looks after states for operators. See `BotStates` for what each method promises. */
export interface StateKeeper {
  /** Returns a warning about a bot's state; `undefined` if all is well. */
  noteOf(id: string): string | undefined;
  /** Returns what is known about a bot's state. */
  about(id: string, signal: AbortSignal): Promise<AboutState>;
  /** Makes a snapshot now and stores it. */
  snapshot(id: string, signal: AbortSignal): Promise<Snapshot>;
  /** Writes the current state into an archive at a path that does not exist. */
  pack(id: string, path: string, signal: AbortSignal): Promise<void>;
  /** Downloads a snapshot to a path that does not exist. */
  download(id: string, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<void>;
  /** Restores a state; the caller arranges the next start. */
  restore(id: string, source: RestoreSource, signal: AbortSignal): Promise<{ readonly isPending: boolean }>;
  /** Whether a restore waits for the bot's next start. */
  isPending(id: string): Promise<boolean>;
  /** Removes a state with all its snapshots. @returns Number of snapshots that were removed. */
  remove(id: string, signal: AbortSignal): Promise<number>;
}
