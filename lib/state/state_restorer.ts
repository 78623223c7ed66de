/**
 * Restores the state of a bot.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../errors.ts";
import { unlessMissing } from "../util/files.ts";
import type { KeyedMutex } from "../util/keyed_mutex.ts";
import type { HostSnapshots } from "./host_snapshots.ts";
import type { LiveStates } from "./live_states.ts";
import type { Snapshot } from "./snapshot.ts";
import { ofAnotherBot, type SnapshotStore } from "./snapshot_store.ts";
import type { StateFolder } from "./state_folder.ts";
import { settingsOf } from "./state_folders.ts";
import type { MakeStateLinks } from "./state_links.ts";
import type { StateMeta } from "./state_meta.ts";
import { unpackState } from "./unpack_state.ts";

/** The source of a restore: a snapshot by its name, an archive on this host, or nothing. */
export type RestoreSource =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "archive"; readonly path: string }
  | { readonly kind: "empty" };

/** Parts of a {@linkcode StateRestorer}. */
export interface StateRestorerParts {
  /** The snapshots in the object store. */
  readonly store: SnapshotStore;
  /** Makes and sends snapshots. */
  readonly snapshots: HostSnapshots;
  /** The states of running bots. */
  readonly live: LiveStates;
  /** Makes symbolic links. */
  readonly makeLinks: MakeStateLinks;
  /** Turns of the bots. */
  readonly turns: KeyedMutex;
  /** The time, in ms since 1970. */
  readonly now: () => number;
}

/** Extracts a state beside the one in use, and swaps the two once no container writes to it. */
export class StateRestorer {
  readonly #parts: StateRestorerParts;
  readonly #log = getLogger(["berth", "state"]);

  /** @param parts See {@linkcode StateRestorerParts}. */
  constructor(parts: StateRestorerParts) {
    this.#parts = parts;
  }

  /**
   * Restores a state: at once if the bot does not run, else at its next start. The state that is replaced becomes a
   * snapshot.
   *
   * @param folder Folder of the bot.
   * @param source The backup to restore.
   * @returns Whether the restore waits for the next start.
   * @throws {StateError} If the source is damaged or of another bot. Nothing is changed then.
   */
  async restore(
    folder: StateFolder,
    source: RestoreSource,
    signal: AbortSignal,
  ): Promise<{ readonly isPending: boolean }> {
    const { turns, live, now } = this.#parts;
    const name = await folder.make();
    try {
      await this.#fill(folder, name, source, signal);
      return await turns.run(folder.id, async () => {
        const madeAt = new Date(now()).toISOString();
        // A file that cannot be read is no reason to refuse what repairs it.
        const before = await folder.read().catch(() => undefined);
        const meta: StateMeta = { ...(before ?? { madeAt, isAnnounced: false }), pending: name };
        await folder.write(meta);
        folder.release(name);
        if (before?.pending !== undefined) await folder.discard(before.pending);
        if (await live.find(folder.id, signal)) return { isPending: true };
        await folder.write(await this.swap(folder, meta, signal));
        return { isPending: false };
      });
    } catch (error) {
      if ((await folder.read().catch(() => undefined))?.pending !== name) await folder.discard(name);
      throw error;
    }
  }

  /**
   * Puts the restored folder in the place of the current one, which becomes a snapshot. Nothing writes to either.
   *
   * @param folder Folder of the bot.
   * @param meta The facts about it; has `pending`.
   * @returns The facts known now.
   */
  async swap(folder: StateFolder, meta: StateMeta, signal: AbortSignal): Promise<StateMeta> {
    const { pending, folder: old, fingerprint: _f, overBytes: _o, ...rest } = meta;
    const isThere = old !== undefined && await folder.has(old);
    const isKept = !isThere || await this.#keep(folder, meta, signal);
    const next = { ...rest, folder: pending };
    await folder.write(next);
    if (isThere && isKept) {
      await folder.discard(old).catch((error) =>
        this.#log.warn("replaced state not removed", { id: folder.id, problem: messageOf(error) })
      );
    }
    if (isThere && !isKept) {
      this.#log.warn("replaced state kept", { id: folder.id, path: await folder.keep(old) });
    }
    this.#log.info("state restored", { id: folder.id });
    return next;
  }

  /** Turns the replaced state into a snapshot. @returns Whether it has become one. */
  async #keep(folder: StateFolder, meta: StateMeta, signal: AbortSignal): Promise<boolean> {
    const { snapshots } = this.#parts;
    try {
      await snapshots.maker.make(folder, meta, { reason: "before-restore", signal });
      snapshots.mark(folder.id);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const problem = messageOf(error);
      this.#log.warn("replaced state could not become a snapshot", { id: folder.id, problem });
      return false;
    }
  }

  async #fill(folder: StateFolder, name: string, source: RestoreSource, signal: AbortSignal): Promise<void> {
    switch (source.kind) {
      case "empty":
        return;
      case "archive":
        return await this.#unpack(folder, name, {
          archive: source.path,
          maxBytes: (await settingsOf(folder)).maxBytes,
          signal,
        });
      case "snapshot": {
        const archive = folder.data(`${name}.tar.gz`);
        try {
          await this.#parts.snapshots.send(folder, signal);
          await this.#parts.store.download(folder.id, source.snapshot, archive, signal);
          await this.#unpack(folder, name, { archive, maxBytes: source.snapshot.bytes, signal });
        } finally {
          await unlessMissing(Deno.remove(archive));
        }
      }
    }
  }

  /**
   * Extracts an archive, then makes its symbolic links, wherever they lead: the bot could make the same ones, Berth and
   * the engine follow none, and a state without them is not what the bot had.
   */
  async #unpack(
    folder: StateFolder,
    name: string,
    { archive, maxBytes, signal }: {
      readonly archive: string;
      readonly maxBytes: number;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const checkManifest = ({ bot }: Readonly<Record<string, unknown>>) => {
      if (typeof bot === "string" && bot !== folder.id) throw ofAnotherBot(folder.id, bot);
    };
    const target = folder.data(name);
    const { links } = await unpackState(archive, target, { maxBytes, checkManifest, signal });
    if (links.size > 0) await this.#parts.makeLinks(target, links, signal);
  }
}
