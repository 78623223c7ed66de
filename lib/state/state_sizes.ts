/**
 * The sizes of states, and what follows from them.
 *
 * @module
 */

import type { StateSettings } from "../executable/state_settings.ts";
import type { measureTree, TreeSize } from "../util/measure_tree.ts";
import type { StateFolder } from "./state_folder.ts";
import type { StateMeta } from "./state_meta.ts";
import { describeStateUse, overLimit } from "./state_words.ts";

/** Part of its limit from which a state's size is pointed out. */
const WARN_SHARE = 0.9;

/** Measures states, and notes which of them near their limits. */
export class StateSizes {
  readonly #notes = new Map<string, string>();
  readonly #measureTree: typeof measureTree;

  /** @param measure Measures a folder. */
  constructor(measure: typeof measureTree) {
    this.#measureTree = measure;
  }

  /**
   * Measures the state of a running bot, and notes whether it nears its limit.
   *
   * @param folder Folder of the bot.
   * @param maxBytes Its limit.
   */
  async measure(folder: StateFolder, maxBytes: number, signal: AbortSignal): Promise<TreeSize> {
    const { id } = folder;
    const meta = await folder.read().catch(() => undefined);
    if (meta?.folder === undefined) return { bytes: 0, busyMs: 0 };
    const size = await this.#measureTree(folder.data(meta.folder), { enoughBytes: 2 * maxBytes, signal });
    if (size.bytes >= WARN_SHARE * maxBytes) this.#notes.set(id, describeStateUse(size.bytes, maxBytes));
    else this.#notes.delete(id);
    return size;
  }

  /** Returns a warning about a bot's state. @param id Id of the bot. @returns One line; `undefined` if all is well. */
  noteOf(id: string): string | undefined {
    return this.#notes.get(id);
  }

  /** Forgets what is noted of a bot. @param id Id of the bot. */
  forget(id: string): void {
    this.#notes.delete(id);
  }

  /**
   * Refuses the start of a bot that was stopped for its size and is not smaller now.
   *
   * @param folder Folder of the bot.
   * @param meta The facts about it.
   * @param settings Its settings.
   * @throws {StateError} If its state is too large.
   */
  async refuseTooLarge(
    folder: StateFolder,
    meta: StateMeta,
    { maxBytes }: StateSettings,
    signal: AbortSignal,
  ): Promise<void> {
    if (meta.overBytes === undefined) return;
    const { bytes } = await this.#measureTree(folder.data(meta.folder!), {
      enoughBytes: 4 * maxBytes,
      signal,
    });
    if (bytes > maxBytes) throw overLimit(folder.id, bytes, maxBytes);
  }
}
