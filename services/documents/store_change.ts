/**
 * Writes what an event tells.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import type { ApplyOptions, BotChange, BotRepository, Refusal } from "./bot_repository.ts";
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
  /** Segment that a document without one gets when it is made. */
  readonly segment: number;
}

/**
 * Applies a change. The log says what was not applied and why. A change that no second try can store is not asked for
 * again: it would come for ever.
 *
 * @param change The change.
 * @param options See {@linkcode StoreChangeOptions}.
 * @returns Whether it was applied.
 * @throws {StoreUnavailableError} when the database does not answer.
 */
export async function storeChange(
  change: BotChange,
  { repository, log, segment, ...options }: StoreChangeOptions,
): Promise<boolean> {
  const { id, type, order } = change;
  const onRefused = ({ kind, reason }: Refusal) => {
    const fields = { id, type, sequence: order.sequence, reason };
    // Every event may come again, and does after each restart of a bus.
    if (kind === "repeated") log.debug("event not applied", fields);
    else log.info("event not applied", fields);
  };
  try {
    const newFields = { segment_id: segment === ALL_SEGMENTS ? 0 : segment };
    return await repository.apply(change, { ...options, onRefused, newFields });
  } catch (error) {
    if (!(error instanceof UnstorableDocumentError)) throw error;
    log.error("document not stored", { id: change.id, problem: error.message });
    return false;
  }
}
