/**
 * Reads bots' documents, and falls back to the last known one while the database does not answer.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { type BotDocument, type BotRepository, StoreUnavailableError } from "../documents/bot_repository.ts";
import type { BotTable } from "./bot_table.ts";

/** How long a read may take if there is a document to fall back to, in ms. */
const READ_TIMEOUT_MS = 1_500;
/** The same, in ms, shortly after a read that was not answered. */
const OUTAGE_READ_TIMEOUT_MS = 200;
/** How long after an unanswered read the shorter limit applies, in ms. */
const OUTAGE_MS = 10_000;

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
  #outageEndsAt = -Infinity;

  /** @param options See {@linkcode DocumentReaderOptions}. */
  constructor(options: DocumentReaderOptions) {
    this.#options = options;
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
    const { repository, bots, clock } = this.#options;
    const last = bots.get(id)?.lastDocument;
    const isOutage = clock.monotonic() < this.#outageEndsAt;
    const timeout = last
      ? AbortSignal.timeout(isOutage ? OUTAGE_READ_TIMEOUT_MS : READ_TIMEOUT_MS)
      : undefined;
    try {
      const either = timeout ? AbortSignal.any([signal, timeout]) : signal;
      return { document: await repository.get(id, { signal: either }) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StoreUnavailableError || timeout?.aborted)) throw error;
      // A database that is only slow gets the longer limit again.
      if (!isOutage) this.#outageEndsAt = clock.monotonic() + OUTAGE_MS;
      return { document: last, problem: error };
    }
  }
}
