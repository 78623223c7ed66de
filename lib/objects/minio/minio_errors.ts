/**
 * Failures of a MinIO server, in Berth's words.
 *
 * @module
 */

import { BerthError, ObjectStoreError, TimeLimitError } from "../../errors.ts";

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there. Start the server, or correct MINIO_ENDPOINT",
  ENOTFOUND: "there is no such host. Correct MINIO_ENDPOINT",
  ECONNRESET: "the server closed the connection before it had answered",
  InvalidAccessKeyId: "the server does not know the access key. Correct MINIO_ACCESS_KEY",
  SignatureDoesNotMatch: "the secret key does not belong to the access key. Correct MINIO_SECRET_KEY",
  AccessDenied: "these credentials do not allow it",
  NoSuchBucket: "there is no such bucket. Make sure of it first",
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
  const why = ADVICE[code] ?? (error instanceof Error ? error.message || code : String(error));
  return new ObjectStoreError(`Cannot ${what}: the object store at ${endpoint} failed: ${why}.`, {
    cause: error,
  });
}
