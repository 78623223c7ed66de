/**
 * Looks after the states of running bots.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../errors.ts";
import type { StateSettings } from "../executable/state_settings.ts";
import type { KeyedMutex } from "../util/keyed_mutex.ts";
import type { HostSnapshots } from "./host_snapshots.ts";
import type { StateFolders } from "./state_folders.ts";

/** A running container with a state. */
export interface SupervisedState {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Its settings. */
  readonly settings: StateSettings;
}

/** Parts of {@linkcode RunningStates}. */
export interface RunningStatesParts {
  /** The folders of the states. */
  readonly folders: StateFolders;
  /** Makes and sends snapshots. */
  readonly snapshots: HostSnapshots;
  /** Turns of the bots. */
  readonly turns: KeyedMutex;
  /** The time, in ms since 1970. */
  readonly now: () => number;
}

/** How long to wait after a snapshot that failed, in ms. */
const RETRY_MS = 10 * 60_000;

/** Makes the snapshots of running bots that are due, and brings those that wait to the object store. */
export class RunningStates implements AsyncDisposable {
  readonly #parts: RunningStatesParts;
  readonly #closing = new AbortController();
  /** When to make the next snapshot of a running bot, in ms since 1970. */
  readonly #dueAt = new Map<string, number>();
  #working: Promise<void> | undefined;
  readonly #log = getLogger(["berth", "state"]);

  /** @param parts See {@linkcode RunningStatesParts}. */
  constructor(parts: RunningStatesParts) {
    this.#parts = parts;
  }

  /** Looks once, unless a look is under way. Returns at once. @param states All containers with a state that run. */
  supervise(states: readonly SupervisedState[]): void {
    if (this.#closing.signal.aborted) return;
    this.#working ??= this.#look(states)
      .catch((error) => this.#log.warn("states not looked after", { problem: messageOf(error) }))
      .finally(() => this.#working = undefined);
  }

  /** Forgets a bot whose state has been removed. @param id Id of the bot. */
  forget(id: string): void {
    this.#dueAt.delete(id);
  }

  /** Gives up work in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The states were closed", "AbortError"));
    await this.#working;
  }

  async #look(states: readonly SupervisedState[]): Promise<void> {
    const { snapshots } = this.#parts;
    const { signal } = this.#closing;
    for (const state of states) {
      if (signal.aborted) return;
      await this.#lookAt(state, signal);
    }
    await snapshots.sendAll(signal);
  }

  async #lookAt({ id, containerId, settings }: SupervisedState, signal: AbortSignal): Promise<void> {
    const { folders, snapshots, turns, now } = this.#parts;
    if (now() < (this.#dueAt.get(id) ?? 0)) return;
    const folder = folders.of(id);
    const meta = await folder.read().catch(() => undefined);
    if (!meta) return;
    const dueAt = Date.parse(meta.snapshotAt ?? meta.madeAt) + 1000 * settings.everySeconds;
    this.#dueAt.set(id, dueAt);
    if (now() < dueAt) return;
    const next = await snapshots.tryMake(folder, meta, {
      reason: "interval",
      container: containerId,
      signal,
    });
    this.#dueAt.set(id, now() + (next === meta ? RETRY_MS : 1000 * settings.everySeconds));
    if (next !== meta) await turns.run(id, () => snapshots.record(folder, next));
  }
}
