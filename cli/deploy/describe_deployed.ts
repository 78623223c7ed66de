/**
 * Describes deployments for people.
 *
 * @module
 */

import type { Deployed } from "../../services/contract/code.ts";
import type { DeployedFolder } from "./deploy_folder.ts";

/**
 * Describes a deployment in one line.
 *
 * @param deployed The deployment.
 * @param dryRun Whether nothing was written.
 */
export function describeDeployed(deployed: DeployedFolder, dryRun: boolean): string {
  const { id, version, isNew, isUnchanged, schedule, archiveBytes } = deployed;
  const runs = schedule === undefined ? "" : `, runs at ${schedule}`;
  if (dryRun) {
    const what = isUnchanged ? "would stay as it is" : isNew ? "would be deployed" : "would be updated";
    return `${id} ${what}: version ${version}, ${describeBytes(archiveBytes)}${runs}${disabledBy(deployed)}`;
  }
  const what = isUnchanged ? "is unchanged" : isNew ? "is deployed" : "is updated";
  return `${id} ${what}: version ${version}${runs}${disabledBy(deployed)}`;
}

/**
 * Describes what else a user should know, a line each.
 *
 * @param deployed The deployment.
 */
export function notesOnDeployed({ id, kind, sameOrigin, isServed, enabled }: Deployed): string[] {
  const others = sameOrigin.map((other) =>
    `berth: '${other}' was deployed from the same folder and keeps running alongside '${id}'. ` +
    `If '${id}' is its new name: berth remove ${other}`
  );
  const unserved =
    `berth: The service that answered runs no ${kind}s (SERVICES), so another one has to run '${id}'.`;
  return [...others, ...(isServed || !enabled ? [] : [unserved])];
}

/**
 * Describes a size.
 *
 * @param bytes The size.
 * @returns For example `12.3 MB`.
 */
export function describeBytes(bytes: number): string {
  return bytes < 100_000 ? `${Math.max(0.1, bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function disabledBy({ id, enabled, configDisables }: Deployed): string {
  if (enabled) return "";
  return `, disabled (${configDisables ? "its configuration says so" : `'berth enable ${id}' starts it`})`;
}
