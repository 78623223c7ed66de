/**
 * Messages between `ExtractionPool` and its workers. Errors would lose their class on the way, so they travel as data.
 *
 * @module
 */

import { type ArchiveProblem, BerthError, InvalidArchiveError } from "../errors.ts";
import type { CheckArchiveOptions, CheckedArchive } from "./check_archive.ts";
import type { ExtractArchiveOptions, ExtractedArchive } from "./extract_archive.ts";

/** Work on one archive: to extract it, or only to check it. */
export type ArchiveTask =
  | { readonly kind: "extract"; readonly options: ExtractArchiveOptions }
  | { readonly kind: "check"; readonly options: CheckArchiveOptions };

/** Request to work on one archive. */
export interface ExtractionRequest {
  /** The work. */
  readonly task: ArchiveTask;
  /** Shared memory of {@linkcode EXTRACTION_SIGNAL_BYTES}: two 32-bit slots, see {@linkcode ControlSlot}. */
  readonly shared: SharedArrayBuffer;
}

/** Slots of the shared memory. A worker that extracts cannot receive messages, so it is controlled through them. */
export enum ControlSlot {
  /** Any other value than 0 stops the extraction. */
  Stop = 0,
  /** Counts pieces of work. */
  Progress = 1,
}

/** Size of the shared memory, in bytes. */
export const EXTRACTION_SIGNAL_BYTES = 8;

/** Message of a worker: that it has taken the destination, and later how the extraction ended. */
export type ExtractionReply =
  | { readonly kind: "started"; readonly isCreated: boolean }
  | { readonly kind: "extracted"; readonly result: ExtractedArchive | CheckedArchive }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: ExtractionErrorData };

/** An error as data. */
export interface ExtractionErrorData {
  /** Message of the error, without its advice. */
  readonly message: string;
  /** Advice of a {@linkcode BerthError}. */
  readonly advice?: string;
  /** Code of a {@linkcode BerthError}. */
  readonly code?: string;
  /** Problem of an {@linkcode InvalidArchiveError}. */
  readonly problem?: ArchiveProblem;
  /** Entry of an {@linkcode InvalidArchiveError}. */
  readonly entry?: string;
  /** Stack trace. */
  readonly stack?: string;
  /** Cause of the error. */
  readonly cause?: ExtractionErrorData;
}

/**
 * Turns an error into data.
 *
 * @param error Any thrown value.
 * @returns The error as data.
 */
export function packExtractionError(error: unknown): ExtractionErrorData {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    message: error instanceof BerthError ? error.summary : error.message,
    ...(error instanceof BerthError && error.advice !== undefined ? { advice: error.advice } : {}),
    ...(typeof code === "string" ? { code } : {}),
    ...(error instanceof InvalidArchiveError ? { problem: error.problem } : {}),
    ...(error instanceof InvalidArchiveError && error.entry !== undefined ? { entry: error.entry } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: packExtractionError(error.cause) }),
  };
}

/**
 * Turns data back into an error.
 *
 * @param data The error as data.
 * @returns An `InvalidArchiveError`, or a `BerthError` with its cause.
 */
export function unpackExtractionError(data: ExtractionErrorData): BerthError {
  if (data.problem !== undefined) return new InvalidArchiveError(data.problem, data.message, data.entry);
  const cause = data.cause === undefined ? undefined : unpackCause(data.cause);
  if (data.code?.startsWith("archive/")) {
    return new BerthError(data.code, data.message, { advice: data.advice, cause });
  }
  return new BerthError("archive/worker", `Cannot extract the archive: ${data.message}.`, {
    cause: unpackCause(data),
  });
}

function unpackCause({ message, code, stack }: ExtractionErrorData): Error {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
