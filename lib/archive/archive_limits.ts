/**
 * How much an archive may hold.
 *
 * @module
 */

/** Limits on one archive. What is passed is refused, before the excess is written anywhere. */
export interface ArchiveLimits {
  /** Files and folders together, folders that are only implied by a file's path included. */
  readonly maxEntries: number;
  /** Extracted size of all files together, in bytes. */
  readonly maxTotalBytes: number;
  /** Extracted size of one file, in bytes. */
  readonly maxFileBytes: number;
  /** Extracted bytes for each byte in the archive, for one file and for all together. */
  readonly maxRatio: number;
  /**
   * What extracts to at most this many bytes is never refused for its ratio: a bomb is large, and a table of equal
   * rows shrinks a thousandfold without being one.
   */
  readonly ratioFreeBytes: number;
}

/** Limits that hold when nothing else is asked for: 50,000 entries, 1 GiB in all, 512 MiB a file, ratio 200 above 100 MiB. */
export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 50_000,
  maxTotalBytes: 1024 ** 3,
  maxFileBytes: 512 * 1024 ** 2,
  maxRatio: 200,
  ratioFreeBytes: 100 * 1024 ** 2,
};

/** Room in an archive for its list of entries and their headers, in bytes. */
const DIRECTORY_BYTES = 64 * 1024 ** 2;

/**
 * The largest archive that the limits can accept: all of its content uncompressed, and the list of entries.
 *
 * @param limits The limits.
 * @returns Its size in bytes.
 */
export function maxArchiveBytes({ maxTotalBytes }: Pick<ArchiveLimits, "maxTotalBytes">): number {
  return maxTotalBytes + DIRECTORY_BYTES;
}
