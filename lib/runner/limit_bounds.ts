/**
 * The bounds that the operator sets for the limits, the network and the state of one bot, and
 * whether there are nodes to choose from.
 *
 * @module
 */

import type { ResourceLimits } from "../engine/container_spec.ts";
import type { Issue } from "../errors.ts";
import type { Executable } from "../executable/executable.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";

/** Bounds for what one bot may ask for. */
export interface LimitBounds extends Partial<ResourceLimits> {
  /** Networks that a bot may choose. */
  readonly networks: readonly string[];
  /** Largest state that a bot may ask for, in bytes. @default {no bound} */
  readonly stateBytes?: number;
  /** Whether there are nodes, so that a bot may say on which it runs. @default {false} */
  readonly hasNodes?: boolean;
}

const MIB = 1024 * 1024;

/** Name of each limit in a document, variable of its bound, and its unit. */
const LIMITS = {
  memoryBytes: { setting: "memory_mb", variable: "MAX_BOT_MEMORY_MB", unit: MIB },
  cpus: { setting: "cpus", variable: "MAX_BOT_CPUS", unit: 1 },
  cpuShares: { setting: "cpu_shares", variable: "MAX_BOT_CPU_SHARES", unit: 1 },
  pids: { setting: "pids", variable: "MAX_BOT_PIDS", unit: 1 },
  diskBytes: { setting: "disk_mb", variable: "MAX_BOT_DISK_MB", unit: MIB },
} as const satisfies Readonly<Record<Exclude<keyof ResourceLimits, "fileBytes">, unknown>>;

/**
 * Finds what a bot asks for beyond its bounds.
 *
 * @param executable The bot.
 * @param bounds The bounds.
 * @returns One problem for each, with the name of the setting as its path; names the bound.
 */
export function boundProblems(
  { limits = {}, network, state, placement }: Pick<
    Executable,
    "limits" | "network" | "state" | "placement"
  >,
  bounds: LimitBounds,
): Issue[] {
  const problems: Issue[] = [];
  for (const [name, { setting, variable, unit }] of Object.entries(LIMITS)) {
    const wanted = limits[name as keyof ResourceLimits];
    const bound = bounds[name as keyof ResourceLimits];
    if (wanted === undefined || bound === undefined || wanted <= bound) continue;
    problems.push({
      path: setting,
      message: `must be at most ${bound / unit}, the operator's bound ${variable} (is ${wanted / unit})`,
    });
  }
  if (network !== undefined && !bounds.networks.includes(network)) {
    const allowed = bounds.networks.join(", ");
    problems.push({
      path: "network",
      message: `must be one of ${allowed}, the operator's bound ALLOWED_BOT_NETWORKS (is ${network})`,
    });
  }
  const { stateBytes = Infinity } = bounds;
  if (state && state.maxBytes > stateBytes) {
    problems.push({
      path: "state.max_mb",
      message: `must be at most ${stateBytes / MIB}, the operator's bound BOT_STATE_LIMIT_MB (is ${
        state.maxBytes / MIB
      })`,
    });
  }
  if (placement && !bounds.hasNodes) {
    const message = "needs a cluster (RUNNER=swarm): one host has no nodes to choose from";
    problems.push({ path: "placement", message });
  }
  return problems;
}

/** Limits and network of a container. */
export interface ContainerLimits {
  /** Its limits. */
  readonly resources: ResourceLimits;
  /** Its network. */
  readonly network: string;
}

/**
 * Returns the limits and the network that the container of a bot gets: its own, and the runner's for what it leaves out.
 *
 * @param executable The bot.
 * @param config The runner's configuration.
 */
export function limitsOf(
  { limits, network }: Pick<Executable, "limits" | "network">,
  config: Pick<DockerRunnerConfig, "resources" | "network">,
): ContainerLimits {
  return { resources: { ...config.resources, ...limits }, network: network ?? config.network };
}
