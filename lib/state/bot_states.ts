/**
 * The states of all bots on this host.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../errors.ts";
import { isBotId } from "../executable/bot_id.ts";
import type { Executable } from "../executable/executable.ts";
import { DEFAULT_STATE, type StateSettings } from "../executable/state_settings.ts";
import { type FileOwner, unlessMissing } from "../util/files.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { measureTree, type TreeSize } from "../util/measure_tree.ts";
import type { LiveStates } from "./live_states.ts";
import { type PackOptions, SnapshotMaker } from "./snapshot_maker.ts";
import type { Snapshot } from "./snapshot.ts";
import { ofAnotherBot, type SnapshotStore } from "./snapshot_store.ts";
import { StateError } from "./state_error.ts";
import { StateFolder } from "./state_folder.ts";
import type { StateMeta } from "./state_meta.ts";
import { describeStateUse, missingState, overLimit } from "./state_words.ts";
import { unpackState } from "./unpack_state.ts";

/** What {@linkcode BotStates} work with. */
export interface BotStatesOptions {
  /** Absolute path of the folder of all states of the instance. */
  readonly root: string;
  /** Name of the instance. */
  readonly instance: string;
  /** The snapshots in the object store. */
  readonly snapshots: SnapshotStore;
  /** The states of running bots. */
  readonly live: LiveStates;
  /** Makes sure that the folder above is safe. */
  readonly ready?: () => Promise<unknown>;
  /** The time, in ms since 1970. @default {Date.now} */
  readonly now?: () => number;
}

/** A running container with a state. */
export interface SupervisedState {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Its settings. */
  readonly settings: StateSettings;
}

/** What is known of a bot's state. */
export interface AboutState {
  /** Absolute path of the folder on this host; absent if there is none. */
  readonly folder?: string;
  /** Its size on the disk, in bytes. */
  readonly bytes?: number;
  /** Size that it may have, in bytes. */
  readonly maxBytes: number;
  /** Whether a restore waits for the next start of the bot. */
  readonly isPending: boolean;
  /** Snapshots, the newest first; `isStored` is false while one waits for the object store. */
  readonly snapshots: readonly (Snapshot & { readonly isStored: boolean })[];
}

/** What a state is restored from: a snapshot by its name, an archive on this host, or nothing. */
export type RestoreSource =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "archive"; readonly path: string }
  | { readonly kind: "empty" };

/** How long to wait after a snapshot that failed, in ms. */
const RETRY_MS = 10 * 60_000;
/** Part of its limit from which a state's size is pointed out. */
const WARN_SHARE = 0.9;

/** Keeps, measures, stores and restores the states of bots. */
export class BotStates implements AsyncDisposable {
  readonly #options: Required<BotStatesOptions>;
  readonly #maker: SnapshotMaker;
  readonly #folders = new Map<string, StateFolder>();
  readonly #turns = new KeyedMutex();
  readonly #closing = new AbortController();
  /** When to make the next snapshot of a running bot, in ms since 1970. */
  readonly #dueAt = new Map<string, number>();
  readonly #notes = new Map<string, string>();
  /** Bots with snapshots that wait for the object store; absent until this host's have been looked for. */
  #unsent: Set<string> | undefined;
  #working: Promise<void> | undefined;
  readonly #log = getLogger(["berth", "state"]);

  /** @param options See {@linkcode BotStatesOptions}. */
  constructor(options: BotStatesOptions) {
    this.#options = { now: Date.now, ready: () => Promise.resolve(), ...options };
    this.#maker = new SnapshotMaker(this.#options);
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
    const folder = this.#folderOf(id);
    return this.#turns.run(id, async () => {
      await this.#options.ready();
      const known = await folder.read() ?? await this.#begin(folder, signal);
      let meta = known;
      if (meta.pending !== undefined) meta = await this.#swap(folder, meta, signal);
      if (meta.folder === undefined || !await folder.has(meta.folder)) {
        throw missingState(folder, await this.#options.snapshots.home(id, { signal }));
      }
      if (user) await folder.give(meta.folder, user);
      await this.#refuseTooLarge(folder, meta, state, signal);
      const isNewCode = meta.code !== undefined &&
        (meta.code.version !== version || meta.code.filePath !== filePath);
      const dueAt = Date.parse(meta.snapshotAt ?? meta.madeAt) + 1000 * state.everySeconds;
      if (isNewCode || dueAt <= this.#options.now()) {
        meta = await this.#tryMake(folder, meta, { reason: isNewCode ? "new-version" : "interval", signal });
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
      await folder.clean(next, this.#options.now());
      this.#notes.delete(id);
      return folder.data(meta.folder!);
    });
  }

  /** Makes a snapshot after a bot was stopped. Never rejects. @param id Id of the bot. */
  async stopped(id: string): Promise<void> {
    const { signal } = this.#closing;
    const folder = this.#folderOf(id);
    await this.#turns.run(id, async () => {
      const meta = await folder.read();
      if (meta?.folder === undefined) return;
      const next = await this.#tryMake(folder, meta, { reason: "stop", signal });
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
    if (this.#closing.signal.aborted) return;
    this.#working ??= this.#look(states)
      .catch((error) => this.#warn("states not looked after", undefined, error))
      .finally(() => this.#working = undefined);
  }

  /**
   * Measures the state of a running bot, and notes whether it nears its limit.
   *
   * @param id Id of the bot.
   * @param maxBytes Its limit.
   */
  async measure(id: string, maxBytes: number, signal: AbortSignal): Promise<TreeSize> {
    const folder = this.#folderOf(id);
    const meta = await folder.read().catch(() => undefined);
    if (meta?.folder === undefined) return { bytes: 0, busyMs: 0 };
    const size = await measureTree(folder.data(meta.folder), { enoughBytes: 2 * maxBytes, signal });
    if (size.bytes >= WARN_SHARE * maxBytes) this.#notes.set(id, describeStateUse(size.bytes, maxBytes));
    else this.#notes.delete(id);
    return size;
  }

  /** Refuses a start while a container writes to the state. @param id Id of the bot. @throws {StateError} If one does. */
  async refuseInUse(id: string, signal?: AbortSignal): Promise<void> {
    if (await this.#options.live.find(id, signal)) throw inUse(id);
  }

  /** Returns a warning about a bot's state. @param id Id of the bot. @returns One line; `undefined` if all is well. */
  noteOf(id: string): string | undefined {
    return this.#notes.get(id);
  }

  /** Records that a bot is stopped because of its state. @param id Id of the bot. @param bytes Size of its state. */
  async reportOver(id: string, bytes: number): Promise<void> {
    const folder = this.#folderOf(id);
    await this.#turns.run(id, async () => {
      const meta = await folder.read();
      if (meta) await folder.write({ ...meta, overBytes: bytes });
    }).catch((error) => this.#warn("size of a state not recorded", id, error));
  }

  /** Says what is known of a bot's state. @param id Id of the bot. */
  async about(id: string, signal: AbortSignal): Promise<AboutState> {
    const folder = this.#folderOf(id);
    const meta = await folder.read();
    const { maxBytes } = meta?.settings ?? DEFAULT_STATE;
    const isHere = meta?.folder !== undefined && await folder.has(meta.folder);
    const size = isHere
      ? await measureTree(folder.data(meta.folder!), { enoughBytes: 4 * maxBytes, signal })
      : undefined;
    const waiting = (await this.#maker.waiting(folder)).map((each) => ({ ...each, isStored: false }));
    const stored = (await this.#options.snapshots.list(id, { signal }))
      .filter(({ name }) => !waiting.some((each) => each.name === name))
      .map((each) => ({ ...each, isStored: true }));
    return {
      ...(isHere && { folder: folder.data(meta.folder!) }),
      ...(size && { bytes: size.bytes }),
      maxBytes,
      isPending: meta?.pending !== undefined,
      snapshots: [...waiting, ...stored].sort((a, b) => (a.name < b.name ? 1 : -1)),
    };
  }

  /**
   * Makes a snapshot now and stores it.
   *
   * @param id Id of the bot.
   * @throws {StateError} If there is no state.
   */
  async snapshot(id: string, signal: AbortSignal): Promise<Snapshot> {
    const folder = this.#folderOf(id);
    const snapshot = await this.#reading(folder, signal, async (meta, container) => {
      const made = await this.#maker.make(folder, meta, { reason: "request", container, signal });
      await this.#record(folder, made.meta);
      return made.snapshot!;
    });
    await this.#maker.send(folder, (await this.#settingsOf(folder)).keep, signal);
    return snapshot;
  }

  /**
   * Writes the current state into an archive.
   *
   * @param id Id of the bot.
   * @param path Path of the archive, which must not exist.
   */
  async pack(id: string, path: string, signal: AbortSignal): Promise<void> {
    const folder = this.#folderOf(id);
    await this.#reading(folder, signal, async (meta, container) => {
      const at = new Date(this.#options.now());
      await this.#maker.pack(path, folder, meta, { reason: "request", container, signal }, at);
    });
  }

  /** Downloads a snapshot. @param id Id of the bot. @param snapshot The snapshot. @param path Path of a new file. */
  async download(id: string, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<void> {
    const folder = this.#folderOf(id);
    await this.#maker.send(folder, (await this.#settingsOf(folder)).keep, signal);
    await this.#options.snapshots.download(id, snapshot, path, signal);
  }

  /**
   * Restores the state of a bot: at once if it does not run, else at its next start, which the caller brings about. The
   * state that is replaced becomes a snapshot.
   *
   * @param id Id of the bot.
   * @param source What to restore.
   * @returns Whether the restore waits for the next start, and the number of symbolic links that were left out.
   * @throws {StateError} If the source is damaged or of another bot. Nothing is changed then.
   */
  async restore(
    id: string,
    source: RestoreSource,
    signal: AbortSignal,
  ): Promise<{ readonly isPending: boolean; readonly leftOut: number }> {
    await this.#options.ready();
    const folder = this.#folderOf(id);
    const name = await folder.make();
    try {
      const leftOut = await this.#fill(folder, name, source, signal);
      return await this.#turns.run(id, async () => {
        const madeAt = new Date(this.#options.now()).toISOString();
        // A file that cannot be read is no reason to refuse what repairs it.
        const before = await folder.read().catch(() => undefined);
        const meta: StateMeta = { ...(before ?? { madeAt, isAnnounced: false }), pending: name };
        await folder.write(meta);
        folder.release(name);
        if (before?.pending !== undefined) await folder.discard(before.pending);
        if (await this.#options.live.find(id, signal)) return { isPending: true, leftOut };
        await folder.write(await this.#swap(folder, meta, signal));
        return { isPending: false, leftOut };
      });
    } catch (error) {
      if ((await folder.read().catch(() => undefined))?.pending !== name) await folder.discard(name);
      throw error;
    }
  }

  /** Whether a restore waits for the bot's next start. @param id Id of the bot. */
  async isPending(id: string): Promise<boolean> {
    return (await this.#folderOf(id).read())?.pending !== undefined;
  }

  /**
   * Removes the state of a bot with all its snapshots.
   *
   * @param id Id of the bot.
   * @returns Number of snapshots that were removed.
   * @throws {StateError} If a container of the bot runs.
   */
  async remove(id: string, signal: AbortSignal): Promise<number> {
    const folder = this.#folderOf(id);
    return await this.#turns.run(id, async () => {
      if (await this.#options.live.find(id, signal).catch(() => undefined)) throw inUse(id);
      const removed = await this.#options.snapshots.removeAll(id, { signal });
      await folder.remove();
      this.#folders.delete(id);
      this.#dueAt.delete(id);
      this.#unsent?.delete(id);
      return removed;
    });
  }

  /** Gives up work in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The states were closed", "AbortError"));
    await this.#working;
  }

  #folderOf(id: string): StateFolder {
    if (!isBotId(id)) throw new TypeError(`'${id}' is not the id of a bot`);
    const folder = this.#folders.get(id) ?? new StateFolder(id, `${this.#options.root}/${id}`);
    this.#folders.set(id, folder);
    return folder;
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

  /** Puts the restored folder in the place of the current one, which becomes a snapshot. Nothing writes to either. */
  async #swap(folder: StateFolder, meta: StateMeta, signal: AbortSignal): Promise<StateMeta> {
    const { pending, folder: old, fingerprint: _f, overBytes: _o, ...rest } = meta;
    const isThere = old !== undefined && await folder.has(old);
    let isKept = true;
    if (isThere) {
      isKept = await this.#maker.make(folder, meta, { reason: "before-restore", signal }).then(() => {
        this.#unsent?.add(folder.id);
        return true;
      }, (error) => {
        signal.throwIfAborted();
        this.#warn("replaced state could not become a snapshot", folder.id, error);
        return false;
      });
    }
    const next = { ...rest, folder: pending };
    await folder.write(next);
    if (isThere && isKept) await folder.discard(old);
    if (isThere && !isKept) {
      this.#log.warn("replaced state kept", { id: folder.id, path: await folder.keep(old) });
    }
    this.#log.info("state restored", { id: folder.id });
    return next;
  }

  async #fill(
    folder: StateFolder,
    name: string,
    source: RestoreSource,
    signal: AbortSignal,
  ): Promise<number> {
    if (source.kind === "empty") return 0;
    const checkManifest = ({ bot }: Readonly<Record<string, unknown>>) => {
      if (typeof bot === "string" && bot !== folder.id) throw ofAnotherBot(folder.id, bot);
    };
    if (source.kind === "archive") {
      const { maxBytes } = await this.#settingsOf(folder);
      return (await unpackState(source.path, folder.data(name), { maxBytes, checkManifest, signal })).leftOut;
    }
    const archive = folder.data(`${name}.tar.gz`);
    try {
      await this.download(folder.id, source.snapshot, archive, signal);
      const maxBytes = source.snapshot.bytes;
      return (await unpackState(archive, folder.data(name), { maxBytes, checkManifest, signal })).leftOut;
    } finally {
      await unlessMissing(Deno.remove(archive));
    }
  }

  async #refuseTooLarge(
    folder: StateFolder,
    meta: StateMeta,
    { maxBytes }: StateSettings,
    signal: AbortSignal,
  ): Promise<void> {
    if (meta.overBytes === undefined) return;
    const { bytes } = await measureTree(folder.data(meta.folder!), { enoughBytes: 4 * maxBytes, signal });
    if (bytes > maxBytes) throw overLimit(folder.id, bytes, maxBytes);
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

  /** Records a snapshot of a running bot; a start may have changed the rest meanwhile. */
  async #record(folder: StateFolder, { snapshotAt, fingerprint }: StateMeta): Promise<void> {
    const { fingerprint: _, ...current } = (await folder.read())!;
    await folder.write({
      ...current,
      ...(snapshotAt !== undefined && { snapshotAt }),
      ...(fingerprint !== undefined && { fingerprint }),
    });
    this.#unsent?.add(folder.id);
  }

  /** Makes a snapshot that must not keep a bot from its start or its end. */
  async #tryMake(folder: StateFolder, meta: StateMeta, options: PackOptions): Promise<StateMeta> {
    try {
      const made = await this.#maker.make(folder, meta, options);
      if (made.snapshot) this.#unsent?.add(folder.id);
      return made.meta;
    } catch (error) {
      options.signal.throwIfAborted();
      this.#warn("no snapshot made", folder.id, error);
      return meta;
    }
  }

  async #look(states: readonly SupervisedState[]): Promise<void> {
    const { signal } = this.#closing;
    for (const { id, containerId, settings } of states) {
      if (signal.aborted) return;
      const { now } = this.#options;
      const folder = this.#folderOf(id);
      if (now() < (this.#dueAt.get(id) ?? 0)) continue;
      const meta = await folder.read().catch(() => undefined);
      if (!meta) continue;
      const dueAt = Date.parse(meta.snapshotAt ?? meta.madeAt) + 1000 * settings.everySeconds;
      this.#dueAt.set(id, dueAt);
      if (now() < dueAt) continue;
      const options = { reason: "interval", container: containerId, signal } as const;
      const next = await this.#tryMake(folder, meta, options);
      this.#dueAt.set(id, now() + (next === meta ? RETRY_MS : 1000 * settings.everySeconds));
      if (next !== meta) await this.#turns.run(id, () => this.#record(folder, next));
    }
    await this.#sendAll(signal);
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    this.#unsent ??= new Set(
      (await unlessMissing(Array.fromAsync(Deno.readDir(this.#options.root), ({ name }) => name)) ?? [])
        .filter(isBotId),
    );
    for (const id of this.#unsent) {
      if (signal.aborted) return;
      const folder = this.#folderOf(id);
      try {
        await this.#maker.send(folder, (await this.#settingsOf(folder)).keep, signal);
        this.#unsent.delete(id);
      } catch (error) {
        if (!signal.aborted) this.#warn("snapshot waits for the object store", id, error);
      }
    }
  }

  async #settingsOf(folder: StateFolder): Promise<StateSettings> {
    return (await folder.read().catch(() => undefined))?.settings ?? DEFAULT_STATE;
  }

  #warn(message: string, id: string | undefined, error: unknown): void {
    this.#log.warn(message, { ...(id !== undefined && { id }), problem: messageOf(error) });
  }
}

function inUse(id: string): StateError {
  return new StateError("in-use", `A container of '${id}' runs and writes to its state.`, {
    advice: "Stop it first.",
  });
}
