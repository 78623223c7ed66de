/**
 * The states of all bots on this host.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../errors.ts";
import type { Executable } from "../executable/executable.ts";
import { DEFAULT_STATE } from "../executable/state_settings.ts";
import type { FileOwner } from "../util/files.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { measureTree, type TreeSize } from "../util/measure_tree.ts";
import { type AboutState, aboutState } from "./about_state.ts";
import { HostSnapshots } from "./host_snapshots.ts";
import type { LiveStates } from "./live_states.ts";
import { RunningStates, type SupervisedState } from "./running_states.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SnapshotStore } from "./snapshot_store.ts";
import type { EmptyFolder, StateFolder } from "./state_folder.ts";
import { StateFolders } from "./state_folders.ts";
import type { MakeStateLinks } from "./state_links.ts";
import type { StateMeta } from "./state_meta.ts";
import { type RestoreSource, StateRestorer } from "./state_restorer.ts";
import type { StateKeeper } from "./state_keeper.ts";
import { StateSizes } from "./state_sizes.ts";
import { inUse, missingState } from "./state_words.ts";

/** Dependencies of {@linkcode BotStates}. */
export interface BotStatesOptions {
  /** Absolute path of the folder of all states of the instance. */
  readonly root: string;
  /** Name of the instance. */
  readonly instance: string;
  /** The snapshots in the object store. */
  readonly snapshots: SnapshotStore;
  /** The states of running bots. */
  readonly live: LiveStates;
  /** Makes the symbolic links of a state that is restored. */
  readonly makeLinks: MakeStateLinks;
  /** Empties a folder that this process cannot remove. */
  readonly empty: EmptyFolder;
  /** Measures a folder. @default {measureTree} */
  readonly measure?: typeof measureTree;
  /** Makes sure that the folder above is safe. */
  readonly ready?: () => Promise<unknown>;
  /** The time, in ms since 1970. @default {Date.now} */
  readonly now?: () => number;
}

/** Keeps, measures, stores and restores the states of bots. */
export class BotStates implements StateKeeper, AsyncDisposable {
  readonly #options: Required<BotStatesOptions>;
  readonly #folders: StateFolders;
  readonly #snapshots: HostSnapshots;
  readonly #running: RunningStates;
  readonly #restorer: StateRestorer;
  readonly #sizes: StateSizes;
  readonly #turns = new KeyedMutex();
  readonly #closing = new AbortController();
  readonly #log = getLogger(["berth", "state"]);

  /** @param options See {@linkcode BotStatesOptions}. */
  constructor(options: BotStatesOptions) {
    this.#options = { now: Date.now, ready: () => Promise.resolve(), measure: measureTree, ...options };
    const { root, snapshots: store, live, makeLinks, now } = this.#options;
    const turns = this.#turns;
    this.#sizes = new StateSizes(this.#options.measure);
    this.#folders = new StateFolders(root);
    this.#snapshots = new HostSnapshots(this.#folders, this.#options);
    this.#running = new RunningStates({ folders: this.#folders, snapshots: this.#snapshots, turns, now });
    this.#restorer = new StateRestorer({ store, snapshots: this.#snapshots, live, makeLinks, turns, now });
  }

  /**
   * Makes the state of a bot ready for a start. No container of the bot may run.
   *
   * @param executable The bot; has `state`.
   * @param options The user that the bot runs as, and a signal.
   * @returns Absolute path of the folder to mount.
   * @throws {StateError} If the state is missing, too large, or cannot be used.
   */
  prepare(
    { id, version, filePath, state = DEFAULT_STATE }: Executable,
    { user, signal = this.#closing.signal }: {
      readonly user?: FileOwner | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<string> {
    const folder = this.#folders.of(id);
    return this.#turns.run(id, async () => {
      await this.#options.ready();
      const known = await folder.read() ?? await this.#begin(folder, signal);
      let meta = known;
      if (meta.pending !== undefined) meta = await this.#restorer.swap(folder, meta, signal);
      if (meta.folder === undefined || !await folder.has(meta.folder)) {
        throw missingState(folder, await this.#options.snapshots.home(id, { signal }));
      }
      if (user) await folder.give(meta.folder, user);
      await this.#sizes.refuseTooLarge(folder, meta, state, signal);
      const isNewCode = meta.code !== undefined &&
        (meta.code.version !== version || meta.code.filePath !== filePath);
      const dueAt = Date.parse(meta.snapshotAt ?? meta.madeAt) + 1000 * state.everySeconds;
      if (isNewCode || dueAt <= this.#options.now()) {
        const reason = isNewCode ? "new-version" : "interval";
        meta = await this.#snapshots.tryMake(folder, meta, { reason, signal });
      }
      if (!meta.isAnnounced) {
        await this.#options.snapshots.setHome(id, {
          instance: this.#options.instance,
          folder: folder.path,
          madeAt: meta.madeAt,
        }, { signal });
      }
      const { overBytes: _, ...rest } = meta;
      const next: StateMeta = { ...rest, isAnnounced: true, settings: state, code: { version, filePath } };
      if (JSON.stringify(next) !== JSON.stringify(known)) await folder.write(next);
      const left = await folder.clean(next, this.#options.now());
      if (left.length > 0) this.#log.warn("old folders of a state not removed", { id, folders: left });
      this.#sizes.forget(id);
      return folder.data(meta.folder!);
    });
  }

  /**
   * Checks, before a running container of a bot is stopped for another one, that its state is there.
   *
   * @param id Id of the bot.
   * @throws {StateError} If it is missing.
   */
  async check(id: string, signal: AbortSignal = this.#closing.signal): Promise<void> {
    const folder = this.#folders.of(id);
    const meta = await folder.read();
    if (meta?.pending !== undefined) return;
    const isThere = meta?.folder !== undefined && await folder.has(meta.folder);
    const home = isThere ? undefined : await this.#options.snapshots.home(id, { signal });
    if (home) throw missingState(folder, home);
  }

  /** Makes a snapshot after a bot was stopped. Never rejects. @param id Id of the bot. */
  async stopped(id: string): Promise<void> {
    const { signal } = this.#closing;
    const folder = this.#folders.of(id);
    await this.#turns.run(id, async () => {
      const meta = await folder.read();
      if (meta?.folder === undefined) return;
      const next = await this.#snapshots.tryMake(folder, meta, { reason: "stop", signal });
      if (next !== meta) await folder.write(next);
    }).catch((error) => this.#warn("no snapshot made", id, error));
  }

  /**
   * Looks after the states of running bots: makes the snapshots that are due, and brings those that wait to the object
   * store. Returns at once; call it again and again.
   *
   * @param states All containers with a state that run.
   */
  supervise(states: readonly SupervisedState[]): void {
    this.#running.supervise(states);
  }

  /** Measures the state of a running bot, see {@linkcode StateSizes.measure}. @param id Id of the bot. */
  measure(id: string, maxBytes: number, signal: AbortSignal): Promise<TreeSize> {
    return this.#sizes.measure(this.#folders.of(id), maxBytes, signal);
  }

  /** Refuses a start while a container writes to the state. @param id Id of the bot. @throws {StateError} If one does. */
  async refuseInUse(id: string, signal?: AbortSignal): Promise<void> {
    if (await this.#options.live.find(id, signal)) throw inUse(id);
  }

  /** Returns a warning about a bot's state. @param id Id of the bot. @returns One line; `undefined` if all is well. */
  noteOf(id: string): string | undefined {
    return this.#sizes.noteOf(id);
  }

  /** Records that a bot is stopped because of its state. @param id Id of the bot. @param bytes Size of its state. */
  async reportOver(id: string, bytes: number): Promise<void> {
    const folder = this.#folders.of(id);
    await this.#turns.run(id, async () => {
      const meta = await folder.read();
      if (meta) await folder.write({ ...meta, overBytes: bytes });
    }).catch((error) => this.#warn("size of a state not recorded", id, error));
  }

  /** Describes a bot's state. @param id Id of the bot. */
  about(id: string, signal: AbortSignal): Promise<AboutState> {
    const { maker } = this.#snapshots;
    return aboutState(this.#folders.of(id), {
      maker,
      store: this.#options.snapshots,
      measure: this.#options.measure,
      signal,
    });
  }

  /**
   * Makes a snapshot now and stores it.
   *
   * @param id Id of the bot.
   * @throws {StateError} If there is no state.
   */
  async snapshot(id: string, signal: AbortSignal): Promise<Snapshot> {
    const folder = this.#folders.of(id);
    const snapshot = await this.#reading(folder, signal, async (meta, container) => {
      const made = await this.#snapshots.maker.make(folder, meta, { reason: "request", container, signal });
      await this.#snapshots.record(folder, made.meta);
      return made.snapshot!;
    });
    await this.#snapshots.send(folder, signal);
    return snapshot;
  }

  /**
   * Writes the current state into an archive.
   *
   * @param id Id of the bot.
   * @param path Path of the archive, which must not exist.
   */
  async pack(id: string, path: string, signal: AbortSignal): Promise<void> {
    const folder = this.#folders.of(id);
    await this.#reading(folder, signal, async (meta, container) => {
      const at = new Date(this.#options.now());
      await this.#snapshots.maker.pack(path, folder, meta, { reason: "request", container, signal }, at);
    });
  }

  /** Downloads a snapshot. @param id Id of the bot. @param snapshot The snapshot. @param path Path of a new file. */
  async download(id: string, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<void> {
    await this.#snapshots.send(this.#folders.of(id), signal);
    await this.#options.snapshots.download(id, snapshot, path, signal);
  }

  /**
   * Restores the state of a bot, see {@linkcode StateRestorer.restore}. The caller arranges the next start.
   *
   * @param id Id of the bot.
   * @param source The backup to restore.
   */
  async restore(
    id: string,
    source: RestoreSource,
    signal: AbortSignal,
  ): Promise<{ readonly isPending: boolean }> {
    await this.#options.ready();
    return await this.#restorer.restore(this.#folders.of(id), source, signal);
  }

  /** Whether a restore waits for the bot's next start. @param id Id of the bot. */
  async isPending(id: string): Promise<boolean> {
    return (await this.#folders.of(id).read())?.pending !== undefined;
  }

  /**
   * Removes the state of a bot with all its snapshots.
   *
   * @param id Id of the bot.
   * @returns Number of snapshots that were removed.
   * @throws {StateError} If a container of the bot runs.
   */
  async remove(id: string, signal: AbortSignal): Promise<number> {
    const folder = this.#folders.of(id);
    return await this.#turns.run(id, async () => {
      if (await this.#options.live.find(id, signal).catch(() => undefined)) throw inUse(id);
      const removed = await this.#options.snapshots.removeAll(id, { signal });
      await folder.remove(this.#options.empty, signal);
      for (const part of [this.#folders, this.#running, this.#snapshots]) part.forget(id);
      return removed;
    });
  }

  /** Gives up work in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The states were closed", "AbortError"));
    await this.#running[Symbol.asyncDispose]();
  }

  /** Makes the folder of a bot that never had one. */
  async #begin(folder: StateFolder, signal: AbortSignal): Promise<StateMeta> {
    const home = await this.#options.snapshots.home(folder.id, { signal });
    if (home) throw missingState(folder, home);
    const name = await folder.make();
    const meta = { folder: name, madeAt: new Date(this.#options.now()).toISOString(), isAnnounced: false };
    await folder.write(meta);
    folder.release(name);
    return meta;
  }

  /** Runs a function that reads the state, in turn with starts unless the bot runs. */
  async #reading<T>(
    folder: StateFolder,
    signal: AbortSignal,
    work: (meta: StateMeta, container: string | undefined) => Promise<T>,
  ): Promise<T> {
    const container = await this.#options.live.find(folder.id, signal);
    const read = async () => {
      const meta = await folder.read();
      if (meta?.folder === undefined || !await folder.has(meta.folder)) {
        throw missingState(folder, await this.#options.snapshots.home(folder.id, { signal }));
      }
      return await work(meta, container);
    };
    return container ? await read() : await this.#turns.run(folder.id, read);
  }

  #warn(message: string, id: string, error: unknown): void {
    this.#log.warn(message, { id, problem: messageOf(error) });
  }
}
