/**
 * Uploads an archive to the service, unless the service has it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { BerthError } from "../../lib/errors.ts";
import { type ApiClient, ApiError } from "../client/api_client.ts";
import type { StoredCode } from "../../services/contract/code.ts";

/** The upload. */
export interface UploadCodeOptions {
  /** Id of the bot or the schedule. */
  readonly id: string;
  /** Version of the code. */
  readonly version: string;
  /** First digits of the hash of its content. */
  readonly build: string;
  /** The archive. */
  readonly archive: Uint8Array<ArrayBuffer>;
  /** Called with the bytes sent so far. */
  readonly onProgress?: (sent: number) => void;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Bytes that are sent at once. */
const PIECE_BYTES = 256 * 1024;

/**
 * Uploads an archive, unless it is stored already.
 *
 * @param client The client of the service.
 * @param options The archive.
 * @returns The stored archive, and whether it was sent.
 * @throws {ApiError} If the service refuses the archive.
 * @throws {BerthError} If the connection broke off (`service/gone`): a retry is safe.
 */
export async function uploadCode(
  client: ApiClient,
  { id, version, build, archive, onProgress, signal }: UploadCodeOptions,
): Promise<{ readonly code: StoredCode; readonly isSent: boolean }> {
  const options = signal ? { signal } : {};
  const known = await findCode(client, { id, version, build }, signal);
  if (known) return { code: known, isSent: false };
  const sha256 = createHash("sha256").update(archive).digest("hex");
  try {
    const code = await client.call("putCode", {
      params: { id, version },
      query: { sha256 },
      body: piecesOf(archive, onProgress),
    }, options);
    return { code, isSent: true };
  } catch (error) {
    if (error instanceof BerthError || signal?.aborted) throw error;
    throw new BerthError(
      "service/gone",
      "The service went away in the middle of the upload. Nothing was changed.",
      {
        advice: "Run the command again when the service is back.",
        cause: error,
      },
    );
  }
}

/**
 * Asks for an archive. The service keeps it for some minutes, so that it can be deployed.
 *
 * @param client The client of the service.
 * @param name Id, version and build.
 * @param signal Cancels the call.
 * @returns `undefined` if it is not stored.
 */
export async function findCode(
  client: ApiClient,
  { id, version, build }: Pick<UploadCodeOptions, "id" | "version" | "build">,
  signal?: AbortSignal,
): Promise<StoredCode | undefined> {
  try {
    return await client.call("getCode", { params: { id, version, build } }, signal ? { signal } : {});
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function piecesOf(
  archive: Uint8Array<ArrayBuffer>,
  onProgress: ((sent: number) => void) | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= archive.length) return controller.close();
      controller.enqueue(archive.subarray(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
      onProgress?.(Math.min(at, archive.length));
    },
  });
}
