/**
 * The description of a snapshot, which is stored beside it.
 *
 * @module
 */

import { z } from "zod";

/** Why a snapshot was made. */
const SNAPSHOT_REASONS = ["stop", "new-version", "interval", "request", "before-restore"] as const;

/** Why a snapshot was made. */
export type SnapshotReason = typeof SNAPSHOT_REASONS[number];

/** Description of a snapshot. */
export interface Snapshot {
  /** Id of its bot. */
  readonly bot: string;
  /** Its name, which is its time. */
  readonly name: string;
  /** When it was made. */
  readonly at: string;
  /** Why it was made. */
  readonly reason: SnapshotReason;
  /**
   * `clean`: nothing wrote meanwhile. `crash`: the bot ran, and each file is as if the bot had been killed at some moment,
   * not the same one for all files.
   */
  readonly consistency: "clean" | "crash";
  /** Version of the code that wrote the state; empty if unknown. */
  readonly version: string;
  /** Number of files. */
  readonly files: number;
  /** Size of all files, in bytes. */
  readonly bytes: number;
  /** Number of entries that were left out, such as sockets. */
  readonly leftOut: number;
  /** Size of the archive, in bytes. */
  readonly archiveBytes: number;
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
}

const schema = z.object({
  bot: z.string(),
  name: z.string(),
  at: z.string(),
  reason: z.enum(SNAPSHOT_REASONS),
  consistency: z.enum(["clean", "crash"]),
  version: z.string(),
  files: z.int(),
  bytes: z.int(),
  leftOut: z.int(),
  archiveBytes: z.int(),
  sha256: z.string(),
});

/**
 * Reads a description.
 *
 * @param text The description as JSON.
 * @returns The description; `undefined` if it cannot be read.
 */
export function parseSnapshot(text: string): Snapshot | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
