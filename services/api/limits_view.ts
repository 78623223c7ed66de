/**
 * Shows the limits of a bot or a schedule as the API gives them.
 *
 * @module
 */

import type { Executable } from "../../lib/executable/executable.ts";
import { limitsOf } from "../../lib/runner/limit_bounds.ts";
import type { ContainerLimitsView } from "../contract/limits.ts";
import type { ApiSettings } from "./api_parts.ts";

const MIB = 1024 * 1024;

/**
 * Shows what the container of an executable may use.
 *
 * @param executable A validated executable.
 * @param settings The limits of those that set none.
 */
export function limitsViewOf(
  executable: Executable,
  settings: Pick<ApiSettings, "resources" | "network">,
): ContainerLimitsView {
  const { resources: { memoryBytes, cpuShares, cpus, pids, diskBytes }, network } = limitsOf(
    executable,
    settings,
  );
  return {
    memoryMb: memoryBytes / MIB,
    cpuShares,
    ...(cpus !== undefined && { cpus }),
    pids,
    ...(diskBytes !== undefined && { diskMb: diskBytes / MIB }),
    network,
  };
}
