/**
 * Errors of the disk under an extraction, in words that say what to do.
 *
 * @module
 */
import { BerthError } from "./errors.ts";

/**
 * Makes an error of the file system one for people. The archive is not to blame for it.
 *
 * @param action What was tried, for example `write '/tmp/x'`.
 * @param cause What the file system said.
 * @returns The error, code `archive/io`.
 */
export function archiveIoError(action: string, cause: unknown): BerthError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new BerthError("archive/io", `Cannot ${action}: ${said}.${advice(cause, said)}`, { cause });
}

function advice(cause: unknown, said: string): string {
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)\b/.test(said)) {
    return " The disk (or its quota) is full: free some space, or use another folder for extracted code.";
  }
  if (code === "EACCES" || code === "EPERM" || cause instanceof Deno.errors.NotCapable) {
    return " Give this process the permission, or use another folder.";
  }
  return "";
}
