/**
 * Reads bots' documents, and falls back to the last known one while the database does not answer.
 *
 * @module
 */

import { AnswerLimit } from "../../lib/util/answer_limit.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { type BotDocument, type BotRepository, StoreUnavailableError } from "../documents/bot_repository.ts";
import type { BotTable } from "./bot_table.ts";

/** How long a read may take if there is a document to fall back to, in ms. */
const READ_TIMEOUT_MS = 1_500;
/** The same, in ms, shortly after a read that was not answered. */
const OUTAGE_READ_TIMEOUT_MS = 200;

/** Dependencies of {@linkcode DocumentReader}. */
export interface DocumentReaderOptions {
  /** The documents. */
  readonly repository: Pick<BotRepository, "get">;
  /** The bots, with the last document of each. */
  readonly bots: BotTable;
  /** The time. */
  readonly clock: Clock;
}

/** A document, and whether it is current. */
export interface ReadDocument {
  /** The document; absent if there is none, or, with a problem, if none is known. */
  readonly document: BotDocument | undefined;
  /** Why the document is the last known one, which may be outdated; absent if it was read now. */
  readonly problem?: unknown;
}

/** Reads documents. */
export class DocumentReader {
  readonly #options: DocumentReaderOptions;
  readonly #limit: AnswerLimit;

  /** @param options See {@linkcode DocumentReaderOptions}. */
  constructor(options: DocumentReaderOptions) {
    this.#options = options;
    this.#limit = new AnswerLimit({
      limitMs: READ_TIMEOUT_MS,
      outageLimitMs: OUTAGE_READ_TIMEOUT_MS,
      clock: options.clock,
    });
  }

  /**
   * Reads a document. If a last document is known, the read soon gives up on a database that does not answer.
   *
   * @param id Id of the bot.
   * @param signal Cancels the call.
   * @returns The document, or the last known one with the problem.
   * @throws Any other error that keeps it from being read.
   */
  async read(id: string, signal: AbortSignal): Promise<ReadDocument> {
    const { repository, bots } = this.#options;
    const last = bots.get(id)?.lastDocument;
    const limit = last && this.#limit.begin();
    // Before the read: a change that is reported meanwhile needs another one.
    bots.clear(id, "isDocumentDoubtful");
    try {
      const either = limit ? AbortSignal.any([signal, limit.signal]) : signal;
      return { document: await repository.get(id, { signal: either }) };
    } catch (error) {
      if (last) bots.update(id, { isDocumentDoubtful: true });
      signal.throwIfAborted();
      if (!(error instanceof StoreUnavailableError || limit?.signal.aborted)) throw error;
      limit?.miss();
      return { document: last, problem: error };
    }
  }
}
