/**
 * Reads the Docker Engine's statistics of a container.
 *
 * @module
 */

import type { ContainerUsage } from "../container_orchestrator.ts";

/** The parts of the engine's answer that are used. Those of the memory are missing if the container does not run. */
interface Stats {
  readonly read?: string;
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: { readonly inactive_file?: number; readonly total_inactive_file?: number };
  };
  readonly pids_stats?: { readonly current?: number };
}

/**
 * Reads an answer of the engine.
 *
 * @param answer The answer.
 * @returns `undefined` if the container does not run.
 */
export function usageOf(answer: unknown): ContainerUsage | undefined {
  const { read = "", cpu_stats, memory_stats: memory, pids_stats } = (answer ?? {}) as Stats;
  const time = new Date(read);
  const cpu = cpu_stats?.cpu_usage?.total_usage;
  if (typeof cpu !== "number" || typeof memory?.usage !== "number" || Number.isNaN(time.getTime())) {
    return undefined;
  }
  // cgroup v1 has the value of the whole tree under a name of its own.
  const droppable = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  return {
    time,
    cpuSeconds: cpu / 1e9,
    memoryBytes: Math.max(0, memory.usage - droppable),
    ...(typeof memory.limit === "number" && { memoryLimitBytes: memory.limit }),
    ...(typeof pids_stats?.current === "number" && { processes: pids_stats.current }),
  };
}
