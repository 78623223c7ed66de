/**
 * What need not be read twice.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner.ts";
import type { BotDocument } from "../documents/bot_repository.ts";

/** What was read of a bot. */
export interface FreshRead {
  /** Its document; absent when there was none. */
  readonly document?: BotDocument | undefined;
  /** Its container, if it was running; absent when the engine has to be asked. */
  readonly container?: ManagedContainer | undefined;
}

/**
 * What a full read has brought for the next pass over a bot, which would otherwise read its document and look for its
 * container again. What is known to have changed since the read began is not kept.
 */
export class FreshReads {
  readonly #reads = new Map<string, FreshRead>();
  readonly #changed = new Set<string>();
  /** Bots whose container may be another, or none. */
  readonly #moved = new Set<string>();

  /** A full read begins: what an earlier one has brought is old now. */
  begin(): void {
    this.#reads.clear();
    this.#changed.clear();
    this.#moved.clear();
  }

  /**
   * A container may have changed; the document has not.
   *
   * @param id Id of the bot.
   */
  forgetContainer(id: string): void {
    const read = this.#reads.get(id);
    if (read) this.#reads.set(id, { document: read.document });
    this.#moved.add(id);
  }

  /**
   * The document and the container may have changed.
   *
   * @param id Id of the bot.
   */
  forget(id: string): void {
    this.#reads.delete(id);
    this.#changed.add(id);
  }

  /**
   * Keeps what the full read has brought.
   *
   * @param id Id of the bot.
   * @param read What was read of it.
   */
  keep(id: string, read: FreshRead): void {
    if (this.#changed.has(id)) return;
    this.#reads.set(id, this.#moved.has(id) ? { document: read.document } : read);
  }

  /**
   * Gives what was kept, once.
   *
   * @param id Id of the bot.
   * @returns `undefined` when everything has to be read.
   */
  take(id: string): FreshRead | undefined {
    const fresh = this.#reads.get(id);
    this.#reads.delete(id);
    return fresh;
  }
}
