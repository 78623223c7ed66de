/**
 * How much an engine keeps of what a container prints.
 *
 * @module
 */

/** What the engine keeps of an entry beside its content, in bytes. */
const ENTRY_BYTES = 70;

/**
 * Estimates how large output is in the engine's own files: of short lines, several times as large as what was printed.
 *
 * @param contentBytes What was printed, in bytes.
 * @param entries As how many lines, or pieces of lines.
 * @returns Bytes.
 */
export function spoolBytes(contentBytes: number, entries: number): number {
  return contentBytes + ENTRY_BYTES * entries;
}
