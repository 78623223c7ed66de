/**
 * The progress of packing a folder.
 *
 * @module
 */

import type { ZippedFolder, ZipProgress } from "../../lib/archive/zip_folder.ts";
import { progressBar } from "../output/pull_progress.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** Below this many bytes nothing is said where lines cannot be replaced. */
const LARGE_BYTES = 20_000_000;
/** How many names are listed. */
const MAX_LISTED = 3;

/**
 * Shows how far the packing is: a bar that grows where lines can be replaced, else one line of what is large.
 *
 * @param terminal Where to show it.
 * @param name Name of the bot.
 * @returns Takes the progress.
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
 * Says what an ignore file of the folder leaves out.
 *
 * @param packed The packed folder.
 * @returns A line; `undefined` when nothing is left out.
 */
export function describeLeftOut(
  { leftOut, ignoreFile }: Pick<ZippedFolder, "leftOut" | "ignoreFile">,
): string | undefined {
  if (ignoreFile === undefined || leftOut.length === 0) return undefined;
  const more = leftOut.length > MAX_LISTED ? ` and ${leftOut.length - MAX_LISTED} more` : "";
  const hint = ignoreFile === ".gitignore" ? "; a .berthignore would count instead" : "";
  return printable(`Left out by ${ignoreFile}: ${leftOut.slice(0, MAX_LISTED).join(", ")}${more}${hint}`);
}
