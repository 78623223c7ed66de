/**
 * Reports when a disk that Berth writes to is nearly full.
 *
 * @module
 */

import { freeSpaceAt } from "../../lib/util/free_space.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { tick } from "../control/tick.ts";
import type { Incidents } from "./incidents.ts";

/** Input of {@linkcode watchDisk}. */
export interface DiskWatchOptions {
  /** Absolute paths by the names of their settings. */
  readonly paths: Readonly<Record<string, string>>;
  /** Space that should be free, in bytes; 0 to watch nothing. */
  readonly minFreeBytes: number;
  /** Notifies people. */
  readonly incidents: Pick<Incidents, "open" | "close">;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The clock. */
  readonly clock: Clock;
}

const INTERVAL_MS = 60_000;
const MIB = 1024 * 1024;
/** Files that should be left to create. */
const MIN_INODES = 10_000;
/** It has recovered once this much more than the least is free. */
const RECOVERED = 1.2;

/**
 * Checks the disks each minute until the signal is aborted.
 *
 * @param options See {@linkcode DiskWatchOptions}.
 * @returns Resolves at the end; never rejects.
 */
export async function watchDisk(options: DiskWatchOptions): Promise<void> {
  const { paths, minFreeBytes, incidents, signal, clock } = options;
  if (minFreeBytes === 0) return;
  await tick("disk", INTERVAL_MS, { signal, clock }, async () => {
    const low: string[] = [];
    let isWell = true;
    for (const [name, path] of Object.entries(paths)) {
      // A folder that is not there yet says nothing.
      const free = await freeSpaceAt(path).catch(() => undefined);
      if (!free) continue;
      const { bytes, inodes } = free;
      // Some file systems have no fixed number of files, and say 0.
      const hasInodes = inodes === 0 || inodes >= MIN_INODES;
      if (bytes < minFreeBytes) low.push(`${Math.floor(bytes / MIB)} MiB are free in ${name} (${path}).`);
      else if (!hasInodes) low.push(`Only ${inodes} more files can be created in ${name} (${path}).`);
      if (bytes < minFreeBytes * RECOVERED || !hasInodes) isWell = false;
    }
    if (low.length > 0) {
      incidents.open({
        kind: "disk.low",
        severity: "critical",
        title: "the disk is nearly full",
        text: [
          ...low,
          "Free some space: 'berth prune' removes archives that nothing needs, LOG_RETENTION_DAYS old logs.",
        ].join("\n"),
      });
    } else if (isWell) incidents.close({ kind: "disk.low" }, { text: "There is room again." });
  });
}
