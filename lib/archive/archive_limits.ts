/**
 * Limits on the content of an archive.
 *
 * @module
 */

/** Limits on one archive. An archive that exceeds them is refused before the excess is written. */
export interface ArchiveLimits {
  /** Largest number of files and folders, including folders that are only part of a file's path. */
  readonly maxEntries: number;
  /** Largest extracted size of all files, in bytes. */
  readonly maxTotalBytes: number;
  /** Largest extracted size of one file, in bytes. */
  readonly maxFileBytes: number;
  /** Largest ratio of extracted bytes to bytes in the archive, for each file and for all files. */
  readonly maxRatio: number;
  /**
   * Extracted size up to which the ratio does not matter, in bytes. A ZIP bomb is large, while a harmless table of equal
   * rows may shrink a thousandfold.
   */
  readonly ratioFreeBytes: number;
}

/** Default limits: 50,000 entries, 1 GiB in total, 512 MiB a file, and a ratio of 200 above 100 MiB. */
export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 50_000,
  maxTotalBytes: 1024 ** 3,
  maxFileBytes: 512 * 1024 ** 2,
  maxRatio: 200,
  ratioFreeBytes: 100 * 1024 ** 2,
};

/** Allowance for the list of entries and the headers in an archive, in bytes. */
const DIRECTORY_BYTES = 64 * 1024 ** 2;

/**
 * Computes the size of the largest archive within the limits: uncompressed content and the list of entries.
 *
 * @param limits The limits.
 * @returns Its size in bytes.
 */
export function maxArchiveBytes({ maxTotalBytes }: Pick<ArchiveLimits, "maxTotalBytes">): number {
  return maxTotalBytes + DIRECTORY_BYTES;
}
