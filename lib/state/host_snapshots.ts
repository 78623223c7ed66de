/**
 * The snapshots that this host makes.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../errors.ts";
import { type PackOptions, SnapshotMaker, type SnapshotMakerOptions } from "./snapshot_maker.ts";
import type { StateFolder } from "./state_folder.ts";
import { settingsOf, type StateFolders } from "./state_folders.ts";
import type { StateMeta } from "./state_meta.ts";

/** Makes snapshots, and knows which of them wait for the object store. */
export class HostSnapshots {
  /** Makes one snapshot. */
  readonly maker: SnapshotMaker;
  readonly #folders: StateFolders;
  /** Bots with snapshots that wait for the object store; absent until this host's have been looked for. */
  #unsent: Set<string> | undefined;
  readonly #log = getLogger(["berth", "state"]);

  /** @param folders The folders of the states. @param options See {@linkcode SnapshotMakerOptions}. */
  constructor(folders: StateFolders, options: SnapshotMakerOptions) {
    this.#folders = folders;
    this.maker = new SnapshotMaker(options);
  }

  /**
   * Makes a snapshot that must not keep a bot from its start or its end.
   *
   * @param folder Folder of the bot.
   * @param meta The facts about it.
   * @param options See {@linkcode PackOptions}.
   * @returns The facts known now: the same object if there is no new snapshot.
   */
  async tryMake(folder: StateFolder, meta: StateMeta, options: PackOptions): Promise<StateMeta> {
    try {
      const made = await this.maker.make(folder, meta, options);
      if (made.snapshot) this.mark(folder.id);
      return made.meta;
    } catch (error) {
      options.signal.throwIfAborted();
      this.#log.warn("no snapshot made", { id: folder.id, problem: messageOf(error) });
      return meta;
    }
  }

  /** Records a snapshot of a running bot; a start may have changed the rest meanwhile. */
  async record(folder: StateFolder, { snapshotAt, fingerprint }: StateMeta): Promise<void> {
    const { fingerprint: _, ...current } = (await folder.read())!;
    await folder.write({
      ...current,
      ...(snapshotAt !== undefined && { snapshotAt }),
      ...(fingerprint !== undefined && { fingerprint }),
    });
    this.mark(folder.id);
  }

  /** Says that a bot has a snapshot to send. @param id Id of the bot. */
  mark(id: string): void {
    this.#unsent?.add(id);
  }

  /** Forgets a bot whose state has been removed. @param id Id of the bot. */
  forget(id: string): void {
    this.#unsent?.delete(id);
  }

  /** Brings the snapshots of one bot to the object store. @param folder Folder of the bot. */
  async send(folder: StateFolder, signal: AbortSignal): Promise<void> {
    await this.maker.send(folder, (await settingsOf(folder)).keep, signal);
  }

  /** Uploads all waiting snapshots. The next call retries failed ones. */
  async sendAll(signal: AbortSignal): Promise<void> {
    this.#unsent ??= new Set(await this.#folders.ids());
    for (const id of this.#unsent) {
      if (signal.aborted) return;
      try {
        await this.send(this.#folders.of(id), signal);
        this.#unsent.delete(id);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn("snapshot waits for the object store", { id, problem: messageOf(error) });
      }
    }
  }
}
