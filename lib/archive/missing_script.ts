/**
 * Explains that an archive lacks the script that it was packed for. Pure.
 *
 * @module
 */

import { escapeZipEntryName } from "./zip_entry_name.ts";

const LISTED_NAMES = 5;

/**
 * Says that a file is missing, which files there are, and what to do.
 *
 * @param required Path of the file.
 * @param files Paths of all files of the archive.
 * @returns The message.
 */
export function missingScript(required: string, files: readonly string[]): string {
  const tops = new Set(files.map((path) => path.split("/", 1)[0] ?? ""));
  tops.delete("__MACOSX");
  const [top] = tops;
  const wrapped = tops.size === 1 && top !== undefined && !files.includes(top);
  const hint = wrapped
    ? `Your archive has everything inside '${
      escapeZipEntryName(top)
    }/': zip the folder's content, not the folder.`
    : "Add the file, or correct the script path.";
  const listed = files.slice(0, LISTED_NAMES).map((name) => `'${escapeZipEntryName(name)}'`).join(", ");
  const more = files.length > LISTED_NAMES ? ` and ${files.length - LISTED_NAMES} more` : "";
  return `The archive lacks the file '${escapeZipEntryName(required)}'. It contains ${
    files.length === 0 ? "no files" : listed + more
  }. ${hint}`;
}
