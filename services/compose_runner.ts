/**
 * Builds the runner of a configuration: on this machine's engine, or on a cluster.
 *
 * @module
 */

import type { LogListener } from "../lib/logs/log_listener.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import { createDockerRunner } from "../lib/runner/create_docker_runner.ts";
import type { Runner } from "../lib/runner/runner.ts";
import type { ServiceConfig } from "./config.ts";
import type { Leases } from "./leases/leases.ts";
import type { ServiceMetrics } from "./metrics/service_metrics.ts";
import type { Stores } from "./stores.ts";
import type { AnswerSupervisor } from "./supervisors/supervisor_routes.ts";

/** Parts of {@linkcode composeRunner}. */
export interface RunnerCompositionParts {
  /** The database. */
  readonly stores: Pick<Stores, "leases" | "records">;
  /** Code, results and logs. */
  readonly store: ObjectStore;
  /** Takes measurements. */
  readonly metrics: Pick<ServiceMetrics, "runner">;
  /** Receives the lines that are stored. */
  readonly logListener: LogListener;
}

/** The runner, and what belongs to it. */
export interface ComposedRunner extends AsyncDisposable {
  /** The containers. */
  readonly runner: Runner;
  /** The leases of a cluster. */
  readonly leases?: Leases;
  /** Answers the supervisors of a cluster. */
  readonly supervisors?: AnswerSupervisor;
}

/**
 * Builds the runner.
 *
 * @param config The configuration.
 * @param parts See {@linkcode RunnerCompositionParts}.
 */
export async function composeRunner(
  config: ServiceConfig,
  parts: RunnerCompositionParts,
): Promise<ComposedRunner> {
  const { store, metrics, logListener } = parts;
  const options = {
    config: config.runner,
    store,
    collectLogs: true,
    meter: metrics.runner,
    logListener,
    keptMetrics: config.allowedMetrics.map(({ metric }) => metric),
  };
  if (!config.runner.cluster) {
    const runner = createDockerRunner(options);
    return { runner, [Symbol.asyncDispose]: () => runner.close() };
  }
  // A service of one machine starts sooner without it.
  const { composeSwarmRunner } = await import("./compose_swarm_runner.ts");
  return composeSwarmRunner(config, parts, options);
}
