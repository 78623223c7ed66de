/**
 * Describes how a program ended.
 *
 * @module
 */

import { constants } from "node:os";
import { describeDiskUse, type DiskUse } from "./disk_use.ts";

/** Exit code of a program that SIGKILL ended. */
export const KILLED: number = 128 + constants.signals.SIGKILL;

/** How a program ended. */
export interface Exit {
  /** Exit code: 128 + n for signal n. Absent if unknown. */
  readonly exitCode?: number;
  /** Whether the kernel killed one of its processes at the memory limit. */
  readonly oomKilled?: boolean;
  /** Memory limit in bytes. */
  readonly memoryBytes?: number;
  /** Disk use, if it was stopped for writing too much. */
  readonly diskUse?: DiskUse;
}

/**
 * Describes how a program ended.
 *
 * @param exit Its exit code and memory.
 * @returns For example `exit code 1`, `exit code 143 (SIGTERM)` or `out of memory: had 512 MB (exit code 137)`.
 */
export function describeExit({ diskUse, ...exit }: Exit): string {
  const how = describeEnd(exit);
  return diskUse ? `${describeDiskUse(diskUse)}; it was stopped (${how})` : how;
}

function describeEnd({ exitCode, oomKilled, memoryBytes }: Exit): string {
  if (exitCode === undefined) return "exit code unknown";
  const code = `exit code ${exitCode}`;
  const memory = `out of memory${memoryBytes ? `: had ${Math.round(memoryBytes / 1024 ** 2)} MB` : ""}`;
  if (oomKilled && exitCode !== 0) {
    // The kernel may have killed only a child process, and the program may have ended for another reason.
    return exitCode === KILLED ? `${memory} (${code})` : `${code}, after it ran ${memory}`;
  }
  // A busy engine misses some of the kernel's reports: 1 of 12 here.
  if (exitCode === KILLED && memoryBytes) return `${code} (SIGKILL), perhaps ${memory}`;
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal === undefined ? code : `${code} (${signal})`;
}
