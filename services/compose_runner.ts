/**
 * Builds the runner of a configuration: on this machine's engine, or on a cluster with what its containers need of Berth.
 *
 * @module
 */

import { createSwarmRunner } from "../lib/cluster/create_swarm_runner.ts";
import type { LogListener } from "../lib/logs/log_listener.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import { createDockerRunner } from "../lib/runner/create_docker_runner.ts";
import { setStatesOf } from "../lib/runner/states_of.ts";
import type { Runner } from "../lib/runner/runner.ts";
import { createSecretResolver } from "../lib/secrets/create_secret_resolver.ts";
import { systemClock } from "../lib/util/clock.ts";
import { composeSupervisors } from "./compose_supervisors.ts";
import type { ServiceConfig } from "./config.ts";
import { Leases } from "./leases/leases.ts";
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
export function composeRunner(
  config: ServiceConfig,
  { stores, store, metrics, logListener }: RunnerCompositionParts,
): ComposedRunner {
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
  const leases = new Leases({
    store: stores.leases,
    leaseSeconds: config.leaseSeconds,
    clock: systemClock,
  });
  const supervisors = composeSupervisors(config.runner, { ...stores, store, leases });
  const secrets = createSecretResolver(config.runner.secrets, config.runner.dataDir);
  const runner = createSwarmRunner({ ...options, ...supervisors, leases, secrets });
  setStatesOf(runner, supervisors.states);
  return {
    runner,
    leases,
    supervisors: supervisors.answer,
    async [Symbol.asyncDispose]() {
      await runner.close();
      supervisors[Symbol.dispose]();
    },
  };
}
