/**
 * How a program ended, in words.
 *
 * @module
 */

import { constants } from "node:os";
import { describeDiskUse, type DiskUse } from "./disk_use.ts";

/** Exit code of a program that SIGKILL ended. */
const KILLED = 128 + constants.signals.SIGKILL;

/** How a program ended. */
export interface Exit {
  /** Exit code: 128 + n for signal n. Absent when nobody knows. */
  readonly exitCode?: number;
  /** Whether the kernel killed a process of it that needed more memory than there was. */
  readonly oomKilled?: boolean;
  /** How much memory it had, in bytes. */
  readonly memoryBytes?: number;
  /** What it had written to disk when it was stopped for writing too much. */
  readonly diskUse?: DiskUse;
}

/**
 * Says how a program ended.
 *
 * @param exit What is known of it.
 * @returns For example `exit code 1`, `exit code 143 (SIGTERM)` or `out of memory: had 512 MB (exit code 137)`.
 */
export function describeExit({ diskUse, ...exit }: Exit): string {
  const how = describeEnd(exit);
  return diskUse ? `${describeDiskUse(diskUse)}; it was stopped (${how})` : how;
}

function describeEnd({ exitCode, oomKilled, memoryBytes }: Exit): string {
  if (exitCode === undefined) return "exit code unknown";
  const code = `exit code ${exitCode}`;
  if (oomKilled && exitCode !== 0) {
    const memory = `out of memory${memoryBytes ? `: had ${Math.round(memoryBytes / 1024 ** 2)} MB` : ""}`;
    // The kernel may have killed a child only, and the program have ended for that or another reason.
    return exitCode === KILLED ? `${memory} (${code})` : `${code}, after it ran ${memory}`;
  }
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal === undefined ? code : `${code} (${signal})`;
}
