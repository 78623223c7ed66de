/**
 * The documents of the bots as they were read last, for when the database does not answer.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { type BotDocument, type BotRepository, StoreUnavailableError } from "../documents/bot_repository.ts";

/** How long a database is waited for where it has answered before, in ms. */
const PATIENCE_MS = 1_500;
/** One that has just not answered is waited for shorter, in ms, for so long. */
const SILENT_PATIENCE_MS = 200;
const SILENT_MS = 10_000;

/** A document, and how it came. */
export interface LastDocument {
  /** The document; absent when there is none. */
  readonly document: BotDocument | undefined;
  /** Why it is the one that was read last, and may have changed since; absent when it was read now. */
  readonly problem?: unknown;
}

/** Remembers what was read last. */
export class LastDocuments {
  readonly #repository: Pick<BotRepository, "get">;
  readonly #documents = new Map<string, BotDocument>();
  #silentUntil = -Infinity;
  readonly #log = getLogger(["berth", "bots"]);

  /** @param repository The documents. */
  constructor(repository: Pick<BotRepository, "get">) {
    this.#repository = repository;
  }

  /**
   * Remembers a document that was read or written.
   *
   * @param id Id of the bot.
   * @param document Its document; `undefined` when the bot is not to run.
   */
  keep(id: string, document: BotDocument | undefined): void {
    if (document) this.#documents.set(id, document);
    else this.#documents.delete(id);
  }

  /**
   * Reads a document. A database that does not answer is not waited for long where it has answered before.
   *
   * @param id Id of the bot.
   * @param signal Gives up.
   * @returns The document, or the one that was read last.
   * @throws {StoreUnavailableError} when the database does not answer, and nothing was read before.
   */
  async read(id: string, signal: AbortSignal): Promise<LastDocument> {
    const last = this.#documents.get(id);
    const patienceMs = performance.now() < this.#silentUntil ? SILENT_PATIENCE_MS : PATIENCE_MS;
    const patience = last ? AbortSignal.timeout(patienceMs) : undefined;
    try {
      const either = patience ? AbortSignal.any([signal, patience]) : signal;
      return { document: await this.#repository.get(id, { signal: either }) };
    } catch (error) {
      signal.throwIfAborted();
      if (!last || !(error instanceof StoreUnavailableError || patience?.aborted)) throw error;
      this.#silentUntil = performance.now() + SILENT_MS;
      return { document: last, problem: error };
    }
  }

  /** Says in the log that a document was used that may have changed. @param id Id of the bot. @param problem Why. */
  tell(id: string, problem: unknown): void {
    this.#log.warn("the database does not answer: the document that was read last is used", {
      id,
      problem: messageOf(problem),
    });
  }
}
