/**
 * Documents that need not be read twice.
 *
 * @module
 */

import type { BotDocument } from "../documents/bot_repository.ts";

/** A document that was read; absent when there was none. */
export interface FreshDocument {
  /** The document. */
  readonly document?: BotDocument | undefined;
}

/**
 * What a full read has brought for the next pass over a bot, which would otherwise read its document again. One
 * that is known to have changed since the read began is not kept.
 */
export class FreshDocuments {
  readonly #documents = new Map<string, FreshDocument>();
  readonly #changed = new Set<string>();

  /** A full read begins: what an earlier one has brought is old now. */
  begin(): void {
    this.#documents.clear();
    this.#changed.clear();
  }

  /**
   * A document may have changed.
   *
   * @param id Id of the bot.
   */
  forget(id: string): void {
    this.#documents.delete(id);
    this.#changed.add(id);
  }

  /**
   * Keeps what the full read has brought.
   *
   * @param id Id of the bot.
   * @param document Its document, where there is one.
   */
  keep(id: string, document: BotDocument | undefined): void {
    if (!this.#changed.has(id)) this.#documents.set(id, { document });
  }

  /**
   * Gives what was kept, once.
   *
   * @param id Id of the bot.
   * @returns `undefined` when the document has to be read.
   */
  take(id: string): FreshDocument | undefined {
    const fresh = this.#documents.get(id);
    this.#documents.delete(id);
    return fresh;
  }
}
