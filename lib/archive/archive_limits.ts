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
  /**
   * Extracted bytes for each byte in the archive, for one file and for all together. What extracts to less
   * than 1 MiB is never refused for its ratio: it can do no harm, and a small file of zeros is no attack.
   */
  readonly maxRatio: number;
}

/** Limits that hold when nothing else is asked for: 50,000 entries, 1 GiB in all, 512 MiB a file, ratio 200. */
export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 50_000,
  maxTotalBytes: 1024 ** 3,
  maxFileBytes: 512 * 1024 ** 2,
  maxRatio: 200,
};
