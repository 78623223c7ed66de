/**
 * What {@linkcode ArchiveExtractor} and its workers say to each other. Errors lose their class on the way, so they
 * travel as data.
 *
 * @module
 */

import { type ArchiveProblem, BerthError, InvalidArchiveError } from "../errors.ts";
import type { ExtractArchiveOptions, ExtractedArchive } from "./extract_archive.ts";

/** Asks a worker to extract one archive. */
export interface ExtractionRequest {
  /** What to extract, and where to. */
  readonly options: ExtractArchiveOptions;
  /** Shared memory of {@linkcode EXTRACTION_SIGNAL_BYTES}: two 32-bit words, see {@linkcode ControlSlot}. */
  readonly shared: SharedArrayBuffer;
}

/** Words of the shared memory. A worker that extracts is deaf to messages: this is how it hears and is heard. */
export enum ControlSlot {
  /** Not 0: stop. */
  Stop = 0,
  /** Grows with every piece of work. */
  Progress = 1,
}

/** Size of the shared memory, in bytes. */
export const EXTRACTION_SIGNAL_BYTES = 8;

/** What a worker says: that the destination is its own now, and at last how it ended. */
export type ExtractionReply =
  | { readonly kind: "started"; readonly created: boolean }
  | { readonly kind: "extracted"; readonly result: ExtractedArchive }
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
  /** Set when it is an {@linkcode InvalidArchiveError}. */
  readonly problem?: ArchiveProblem;
  /** The entry concerned. */
  readonly entry?: string;
  /** Where it was thrown. */
  readonly stack?: string;
  /** Its cause. */
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
 * Turns data into the error that it was.
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
