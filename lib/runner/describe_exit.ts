/**
 * Describes how a program ended.
 *
 * @module
 */

import { constants } from "node:os";
import { KILLED } from "../util/exit_codes.ts";
import { describeDiskUse, type DiskUse } from "./disk_use.ts";

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
  /** Why it has no exit code, as the engine puts it, for example because its image is missing on a node. */
  readonly reason?: string;
  /** The reason why the watchdog stopped it, if it did, for example `silent for 312 s`. */
  readonly trouble?: string;
}

/**
 * Picks how a program ended from the description of its container.
 *
 * @param container The container.
 */
export function exitOf({ exitCode, reason, oomKilled, memoryBytes, diskUse }: Exit): Exit {
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(exitCode === undefined && reason !== undefined && { reason }),
    ...(oomKilled && { oomKilled }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(diskUse && { diskUse }),
  };
}

/**
 * Describes how a program ended that Berth has stopped, or may have stopped.
 *
 * @param exit Its exit code and memory.
 * @returns For example `exit code 1`, `exit code 143 (SIGTERM)` or `out of memory: had 512 MB (exit code 137)`.
 */
export function describeExit(exit: Exit): string {
  return describe(exit, {});
}

/**
 * Describes how a program ended by itself: Berth did not stop it.
 *
 * @param exit Its exit code and memory.
 * @returns The same as {@linkcode describeExit}, but `exit code 143 (SIGTERM: something other than Berth stopped it)`.
 */
export function describeOwnExit(exit: Exit): string {
  return describe(exit, ASKED_BY_OTHERS);
}

/**
 * Tells in a sentence how a program ended by itself.
 *
 * @param exit Its exit code and memory.
 * @returns For example `it ended with exit code 1` or `it ran out of memory: had 512 MB (exit code 137)`.
 */
export function tellExit(exit: Exit): string {
  const words = describeOwnExit(exit);
  if (exit.trouble !== undefined) return `it was ${words}`;
  if (exit.diskUse) return `it ${words}`;
  if (exit.exitCode === undefined) return `it ended, ${words}`;
  return `it ${words.startsWith("out of memory") ? "ran" : "ended with"} ${words}`;
}

type Meanings = Readonly<Record<string, string>>;

/** Meanings of exit codes that are not those of signals: the codes of shells and engines. */
const CODES: Meanings = {
  126: "its program cannot be executed",
  127: "its program was not found",
};
/** Usual causes of signals. */
const SIGNALS: Meanings = {
  SIGABRT: "it aborted itself",
  SIGBUS: "often a full folder in memory, such as /dev/shm",
  SIGFPE: "an arithmetic error in native code",
  SIGILL: "often native code for another processor",
  SIGSEGV: "a crash in native code",
  SIGSYS: "a system call that the engine forbids",
  SIGXFSZ: "a file that outgrew the disk limit",
};
const STOPPED = "something other than Berth stopped it";
const ASKED_BY_OTHERS: Meanings = { SIGINT: STOPPED, SIGTERM: STOPPED };

function describe({ diskUse, trouble, ...exit }: Exit, meanings: Meanings): string {
  // It was Berth that stopped it then.
  if (trouble !== undefined) return `${trouble}; it was stopped (${describeEnd(exit, {})})`;
  if (diskUse) return `${describeDiskUse(diskUse)}; it was stopped (${describeEnd(exit, {})})`;
  return describeEnd(exit, meanings);
}

function describeEnd({ exitCode, reason, oomKilled, memoryBytes }: Exit, meanings: Meanings): string {
  if (exitCode === undefined) return `exit code unknown${reason === undefined ? "" : `: ${reason}`}`;
  const code = `exit code ${exitCode}`;
  const memory = `out of memory${memoryBytes ? `: had ${Math.round(memoryBytes / 1024 ** 2)} MB` : ""}`;
  if (oomKilled && exitCode !== 0) {
    // The kernel may have killed only a child process, and the program may have ended for another reason.
    return exitCode === KILLED ? `${memory} (${code})` : `${code}, after it ran ${memory}`;
  }
  // A busy engine misses some of the kernel's reports: 1 of 12 here.
  if (exitCode === KILLED && memoryBytes) return `${code} (SIGKILL), perhaps ${memory}`;
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  const meaning = CODES[exitCode] ?? meanings[signal ?? ""] ?? SIGNALS[signal ?? ""];
  const said = [signal, meaning].filter((part) => part !== undefined).join(": ");
  return said === "" ? code : `${code} (${said})`;
}
