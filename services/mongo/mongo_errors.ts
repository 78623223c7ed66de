/**
 * Turns errors of the MongoDB driver into Berth's errors.
 *
 * @module
 */

import { BSON, type MongoBulkWriteError, MongoInvalidArgumentError, MongoServerError } from "mongodb";
import { withoutCredentials } from "../../lib/util/connection_string.ts";
import { BerthError, messageOf, TimeLimitError } from "../../lib/errors.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import { UnstorableDocumentError } from "../documents/unstorable_document_error.ts";

/** Codes of a server that blame the document. */
const UNSTORABLE: ReadonlySet<unknown> = new Set([
  2, // BadValue
  15, // Overflow: nested too deep
  52, // DollarPrefixedFieldName
  56, // EmptyFieldName
  57, // DottedFieldName
  121, // DocumentValidationFailure
  10334, // BSONObjectTooLarge
  17419, // too large after the update
  17420,
]);
const DUPLICATE_KEY = 11000;
const NO_INDEX: ReadonlySet<unknown> = new Set([
  DUPLICATE_KEY,
  13, // Unauthorized
  67, // CannotCreateIndex
  85, // IndexOptionsConflict
  86, // IndexKeySpecsConflict
]);
const ADVICE: Readonly<Record<string, string>> = {
  MongoServerSelectionError: "Start the server, or correct MONGO_URI.",
  MongoNetworkError: "It is tried again.",
};
const LOGIN_FAILED = 18;

/**
 * Returns the error to throw for a failed call.
 *
 * @param what The purpose of the call, as in "Cannot …".
 * @param address Address of the server, without credentials.
 * @param error The error that was caught.
 * @param signal The call's signal.
 * @returns The signal's reason if the caller aborted, an error of Berth's unchanged, else a
 * `StoreUnavailableError`.
 */
export function toStoreError(what: string, address: string, error: unknown, signal: AbortSignal): unknown {
  const reason = signal.aborted ? signal.reason : error;
  const isLimit = reason instanceof TimeLimitError;
  if (!isLimit && (reason instanceof BerthError || signal.aborted)) return reason;
  const message = messageOf(reason);
  const advice = reason instanceof MongoServerError && reason.code === LOGIN_FAILED
    ? "Correct user and password in MONGO_URI."
    : ADVICE[reason instanceof Error ? reason.name : ""];
  const why = withoutCredentials(message).replace(/\.$/, "");
  const summary = `Cannot ${what}: MongoDB at ${address} failed: ${why}.`;
  return new StoreUnavailableError(summary, { advice, cause: reason });
}

/**
 * Distinguishes a document that cannot be stored from a failing server.
 *
 * @param id Id of the bot.
 * @param error The error of a write.
 * @returns An `UnstorableDocumentError`, or `error` itself.
 */
export function toWriteError(id: string, error: unknown): unknown {
  const isAtFault = error instanceof BSON.BSONError || error instanceof MongoInvalidArgumentError ||
    error instanceof RangeError || (error instanceof MongoServerError && UNSTORABLE.has(error.code));
  if (!isAtFault) return error;
  // The message may quote the document.
  const said = error instanceof MongoServerError
    ? `the server refused it with code ${error.code}`
    : error.name;
  return new UnstorableDocumentError(id, said, { cause: error });
}

/** Whether an insert failed because the key exists. @param error The error of the insert. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * Finds the inserts of a batch that failed because their key exists.
 *
 * @param error The error of the batch.
 * @returns Their indexes, or `undefined` if anything else failed as well.
 */
export function duplicateKeysOf(error: MongoBulkWriteError): Set<number> | undefined {
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  const isAll = failures.length > 0 && failures.every(({ code }) => code === DUPLICATE_KEY) &&
    error.result.getWriteConcernError() === undefined;
  return isAll ? new Set(failures.map(({ index }) => index)) : undefined;
}

/**
 * Whether a server refused to create an index, which affects no read or write.
 *
 * @param error The error of the request.
 */
export function isIndexRefusal(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError &&
    (NO_INDEX.has(error.code) || /UNIQUE constraint/.test(error.message));
}
