/**
 * Documents that need not be read twice.
 *
 * @module
 */

import type { BotDocument } from "../documents/bot_repository.ts";

/** A document as it was read or written just now. */
export interface FreshDocument {
  /** The document; absent when there is none. */
  readonly document?: BotDocument | undefined;
}

/**
 * What a full read, or a write, has brought for the next pass over a bot, which would otherwise read its document again.
 * What is known to have changed since the read began is not kept.
 */
export class FreshDocuments {
  readonly #fresh = new Map<string, FreshDocument>();
  readonly #changed = new Set<string>();

  /** A full read begins: what an earlier one has brought is old now. */
  begin(): void {
    this.#fresh.clear();
    this.#changed.clear();
  }

  /**
   * A document may have changed.
   *
   * @param id Id of the bot.
   */
  forget(id: string): void {
    this.#fresh.delete(id);
    this.#changed.add(id);
  }

  /**
   * Keeps what was written: newer than what a full read that is under way may bring.
   *
   * @param id Id of the bot.
   * @param document Its document; `undefined` when it was removed.
   */
  write(id: string, document: BotDocument | undefined): void {
    this.#fresh.set(id, { document });
    this.#changed.add(id);
  }

  /**
   * Keeps what the full read has brought.
   *
   * @param id Id of the bot.
   * @param document Its document; `undefined` when there is none.
   */
  read(id: string, document: BotDocument | undefined): void {
    if (!this.#changed.has(id)) this.#fresh.set(id, { document });
  }

  /**
   * Gives what was kept, once.
   *
   * @param id Id of the bot.
   * @returns `undefined` when the document has to be read.
   */
  take(id: string): FreshDocument | undefined {
    const fresh = this.#fresh.get(id);
    this.#fresh.delete(id);
    return fresh;
  }
}
