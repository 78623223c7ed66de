/**
 * Size of a container's output in the engine's files.
 *
 * @module
 */

/** Bytes that the engine adds to each entry. */
const ENTRY_BYTES = 70;

/**
 * Estimates the size of output in the engine's files: short lines become several times as large as they were printed.
 *
 * @param contentBytes Size of what was printed, in bytes.
 * @param entries Number of lines, or pieces of lines.
 * @returns The size in bytes.
 */
export function spoolBytes(contentBytes: number, entries: number): number {
  return contentBytes + ENTRY_BYTES * entries;
}
