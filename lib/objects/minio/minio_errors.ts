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
 * The error to throw for a call that failed.
 *
 * @param what What was tried, as in "Cannot …".
 * @param endpoint Where, without credentials.
 * @param error What was caught, or the reason why the call was given up.
 * @param signal The call's signal.
 * @returns `error` itself if it is Berth's own or the caller's reason; else an `ObjectStoreError`.
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
