/**
 * Shows the progress of packing a folder.
 *
 * @module
 */

import type { ZippedFolder, ZipProgress } from "../../lib/archive/zip_folder.ts";
import { progressBar } from "../output/pull_progress.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** Folders smaller than this are packed silently if lines cannot be replaced. */
const LARGE_BYTES = 20_000_000;
/** Maximum number of listed names. */
const MAX_LISTED = 3;

/**
 * Shows the progress of packing: a growing bar if lines can be replaced, else one line for a large folder.
 *
 * @param terminal Where to show it.
 * @param name Name of the bot.
 * @returns The callback for progress.
 */
export function showPacking(terminal: Terminal, name: string): (progress: ZipProgress) => void {
  let isTold = false;
  return ({ doneBytes, totalBytes, items }) => {
    const line = `${name}: packing ${items} files ${progressBar(doneBytes, totalBytes)}`;
    if (doneBytes >= totalBytes && terminal.interactive) return terminal.transient("");
    terminal.transient(printable(line));
    if (terminal.interactive || isTold || totalBytes < LARGE_BYTES) return;
    isTold = true;
    terminal.note(printable(`${name}: packing ${items} files, ${(totalBytes / 1e6).toFixed(1)} MB`));
  };
}

/**
 * Describes what an ignore file leaves out.
 *
 * @param packed The packed folder.
 * @returns A line; `undefined` if nothing is left out.
 */
export function describeLeftOut(
  { leftOut, ignoreFile }: Pick<ZippedFolder, "leftOut" | "ignoreFile">,
): string | undefined {
  if (ignoreFile === undefined || leftOut.length === 0) return undefined;
  const more = leftOut.length > MAX_LISTED ? ` and ${leftOut.length - MAX_LISTED} more` : "";
  const hint = ignoreFile === ".gitignore" ? "; a .berthignore file would replace it" : "";
  return printable(`Left out by ${ignoreFile}: ${leftOut.slice(0, MAX_LISTED).join(", ")}${more}${hint}`);
}
