/**
 * Turns failures of a MinIO server into errors of Berth.
 *
 * @module
 */

import { BerthError, messageOf, ObjectStoreError, TimeLimitError } from "../../errors.ts";

const KNOWN: Readonly<Record<string, { readonly reason: string; readonly advice?: string }>> = {
  ECONNREFUSED: { reason: "nothing listens there", advice: "Start the server, or correct MINIO_ENDPOINT." },
  ENOTFOUND: { reason: "there is no such host", advice: "Correct MINIO_ENDPOINT." },
  ECONNRESET: { reason: "the server closed the connection before it had answered" },
  InvalidAccessKeyId: {
    reason: "the server does not know the access key",
    advice: "Correct MINIO_ACCESS_KEY.",
  },
  SignatureDoesNotMatch: {
    reason: "the secret key does not belong to the access key",
    advice: "Correct MINIO_SECRET_KEY.",
  },
  AccessDenied: { reason: "these credentials do not allow it" },
  NoSuchBucket: { reason: "there is no such bucket", advice: "Create it first." },
};

/**
 * Creates the error to throw for a failed call.
 *
 * @param what The attempt, as a clause that follows "Cannot".
 * @param endpoint Address of the server, without credentials.
 * @param error The error that was caught, or the reason of an abort.
 * @param signal The call's signal.
 * @returns `error` itself if it is an error of Berth or the caller's reason, else an `ObjectStoreError`.
 */
export function toObjectStoreError(
  what: string,
  endpoint: string,
  error: unknown,
  signal: AbortSignal,
): unknown {
  const isLimit = error instanceof TimeLimitError && error === signal.reason;
  if (!isLimit && (error instanceof BerthError || (signal.aborted && error === signal.reason))) return error;
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  const { reason, advice } = KNOWN[code] ?? { reason: messageOf(error) || code };
  const summary = `Cannot ${what}: the object store at ${endpoint} failed: ${reason}.`;
  return new ObjectStoreError(summary, { advice, cause: error });
}

const MISSING: ReadonlySet<unknown> = new Set(["NoSuchKey", "NoSuchBucket", "NotFound"]);

/** Tells whether the server says that the object is not there. @param error A failure of the client. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error));
}

/** Reads the code of a failure. @param error A failure of the client. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
