/**
 * Writes what an event tells.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { ApplyOptions, BotChange, BotRepository } from "./bot_repository.ts";
import { UnstorableDocumentError } from "./unstorable_document_error.ts";

/** What {@linkcode storeChange} needs. */
export interface StoreChangeOptions {
  /** The documents. */
  readonly repository: Pick<BotRepository, "apply">;
  /** Where it is told what cannot be stored. */
  readonly log: Logger;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** See {@linkcode ApplyOptions.onWritten}. */
  readonly onWritten?: ApplyOptions["onWritten"];
}

/**
 * Applies a change. One that no second try can store is told, and not asked for again: it would come for ever.
 *
 * @param change The change.
 * @param options See {@linkcode StoreChangeOptions}.
 * @returns Whether it was applied.
 * @throws {StoreUnavailableError} when the database does not answer.
 */
export async function storeChange(
  change: BotChange,
  { repository, log, ...options }: StoreChangeOptions,
): Promise<boolean> {
  try {
    return await repository.apply(change, options);
  } catch (error) {
    if (!(error instanceof UnstorableDocumentError)) throw error;
    log.error("document not stored", { id: change.id, problem: error.message });
    return false;
  }
}
