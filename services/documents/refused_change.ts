/**
 * Changes that a repository does not apply.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import type { BotChange, BotDocument, Refusal, WrittenChange } from "./bot_repository.ts";
import { UnstorableDocumentError } from "./unstorable_document_error.ts";

/**
 * Turns a rejection of `BotRepository.write` into a refusal if no retry can store the document: its event
 * would otherwise be delivered again forever.
 *
 * @param error The reason of the rejection.
 * @returns The refusal.
 * @throws {unknown} The error itself, if a retry may succeed.
 */
export function toRefusal(error: unknown): WrittenChange {
  if (!(error instanceof UnstorableDocumentError)) throw error;
  return { refusal: { kind: "unstorable", reason: error.message }, positionSaved: Promise.resolve() };
}

/**
 * Logs why a change was not applied.
 *
 * @param log The log of the service.
 * @param change The change.
 * @param refusal The reason.
 */
export function logRefusal(log: Logger, { id, type, order }: BotChange, { kind, reason }: Refusal): void {
  if (kind === "unstorable") return log.error("document not stored", { id, problem: reason });
  const fields = { id, type, sequence: order.sequence, reason };
  // Any event may be delivered again, and is after each restart of a bus.
  if (kind === "repeated") log.debug("event not applied", fields);
  else log.info("event not applied", fields);
}

/**
 * Returns the default fields of a document that an event creates.
 *
 * @param segment Segment that the service serves, or `ALL_SEGMENTS`.
 * @returns The segment, which is 0 for a service that serves all.
 */
export function newFieldsFor(segment: number): BotDocument {
  return { segment_id: segment === ALL_SEGMENTS ? 0 : segment };
}
