/**
 * The check of `berth doctor` for the disk that bots write to.
 *
 * @module
 */

import { dirname } from "node:path";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { freeSpaceAt } from "../lib/util/free_space.ts";
import type { Finding } from "./finding.ts";

/** Facts about the disk. */
export interface DiskFacts {
  /** Bytes that are free for the folder of the bots' code. */
  readonly freeBytes: number;
  /** Most bytes that a bot may write; absent: no limit. */
  readonly limitBytes: number | undefined;
  /** The engine's storage driver, for example `overlay2 on extfs`. */
  readonly storage: string;
}

const MIB = 1024 * 1024;
/** Storage that may have quotas; whether it has, the first start shows. */
const WITH_QUOTAS = /^(overlay2 on xfs|zfs)\b/;

/**
 * Checks the disk that bots write to. Nothing is found where the file system gives no answer.
 *
 * @param config The configuration.
 * @param storage See {@linkcode DiskFacts.storage}.
 */
export async function checkDisk(
  { tempDir, resources }: Pick<DockerRunnerConfig, "tempDir" | "resources">,
  storage: string,
): Promise<Finding[]> {
  const freeBytes = await freeBytesOf(tempDir);
  if (freeBytes === undefined) return [];
  return [diskFinding({ freeBytes, limitBytes: resources.diskBytes, storage })];
}

/**
 * Says whether there is room, and who bounds what bots write.
 *
 * @param facts See {@linkcode DiskFacts}.
 */
export function diskFinding({ freeBytes, limitBytes, storage }: DiskFacts): Finding {
  const subject = "Disk";
  const free = `${Math.floor(freeBytes / MIB)} MiB free in TEMP_DIR`;
  if (limitBytes === undefined) {
    return {
      subject,
      state: "warning",
      detail: `${free}: what bots write is not limited`,
      advice: "set BOT_DISK_LIMIT_MB to a number other than 0",
    };
  }
  const bots = Math.floor(freeBytes / limitBytes);
  const limit = `${Math.round(limitBytes / MIB)} MiB`;
  const how = WITH_QUOTAS.test(storage) ? "Berth measures, and the engine may have quotas" : "Berth measures";
  return {
    subject,
    state: bots > 0 ? "ok" : "warning",
    detail: `${free}: room for ${bots} bots that write their whole ${limit}; ${how} (${storage})`,
    ...(bots === 0 && { advice: "free some space, use another TEMP_DIR, or lower BOT_DISK_LIMIT_MB" }),
  };
}

/** The folder need not be there yet. */
async function freeBytesOf(path: string): Promise<number | undefined> {
  try {
    return (await freeSpaceAt(path)).bytes;
  } catch (error) {
    const isMissing = (error as { code?: unknown }).code === "ENOENT";
    return isMissing && path !== "/" ? await freeBytesOf(dirname(path)) : undefined;
  }
}
