/**
 * Errors of the disk under archives and private folders, in words that say what to do.
 *
 * @module
 */
import { isDiskFull } from "./disk_full.ts";
import { BerthError, messageOf } from "../errors.ts";

/**
 * Makes an error of the file system one for people. The archive is not to blame for it.
 *
 * @param action What was tried, for example `write '/tmp/x'`.
 * @param cause What the file system said.
 * @returns The error, code `archive/io`.
 */
export function archiveIoError(action: string, cause: unknown): BerthError {
  const said = messageOf(cause);
  return new BerthError("archive/io", `Cannot ${action}: ${said}.${advice(cause)}`, { cause });
}

function advice(cause: unknown): string {
  if (isDiskFull(cause)) {
    return " The disk (or its quota) is full: free some space, or use another folder for extracted code.";
  }
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === "EACCES" || code === "EPERM" || cause instanceof Deno.errors.NotCapable) {
    return " Give this process the permission, or use another folder.";
  }
  return "";
}
