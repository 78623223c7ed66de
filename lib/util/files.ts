/**
 * Work on files: absent files, the errors of the file system, and owners.
 *
 * @module
 */

import { BerthError, messageOf } from "../errors.ts";

/** The user and group that own a file. */
export interface FileOwner {
  /** User id. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
}

/**
 * Waits for an operation on a file, and treats a missing file as an answer.
 *
 * @param result The operation.
 * @returns Its result, or `undefined` if there is nothing at its path or never can be: a part of the path is a file,
 * or is longer than a name can be.
 */
export async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * The same as {@linkcode unlessMissing} for a synchronous operation. The few small files of a start are handled by
 * these: an asynchronous operation crosses to another thread and back, which costs several times the operation itself.
 *
 * @param work The operation.
 * @returns Its result, or `undefined` if there is nothing at its path.
 */
export function unlessMissingSync<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    (error as { code?: string }).code === "ENAMETOOLONG";
}

/**
 * Runs a function that works on files, and explains an error of the file system.
 *
 * @param action The purpose of the function, for example `write '/tmp/x'`.
 * @param work The function.
 * @returns Its result.
 * @throws {BerthError} If the file system fails (`archive/io`). Its own error is the cause.
 */
export async function onDisk<T>(action: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw diskError(action, error);
  }
}

/**
 * Turns an error of the file system into one that says what to do.
 *
 * @param action The attempt, for example `write '/tmp/x'`.
 * @param cause The error of the file system.
 * @returns The error, with code `archive/io`.
 */
export function diskError(action: string, cause: unknown): BerthError {
  const summary = `Cannot ${action}: ${messageOf(cause)}.`;
  return new BerthError("archive/io", summary, { advice: adviceFor(cause), cause });
}

/**
 * Whether an error, or its cause, is a full disk or quota.
 *
 * @param error Any thrown value.
 */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)\b/.test(error.message)) return true;
  return isDiskFull(error.cause);
}

function adviceFor(cause: unknown): string | undefined {
  if (isDiskFull(cause)) {
    return "The disk (or its quota) is full: free some space, or use another folder for extracted code.";
  }
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === "EACCES" || code === "EPERM" || cause instanceof Deno.errors.NotCapable) {
    return "Give this process the permission, or use another folder.";
  }
}
