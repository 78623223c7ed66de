/**
 * Builds the runner of a cluster, with what its containers need of Berth.
 *
 * @module
 */

import { loadSupervisorProgram } from "../lib/cluster/supervisor/supervisor_program.ts";
import { createSwarmRunner, type CreateSwarmRunnerOptions } from "../lib/cluster/create_swarm_runner.ts";
import { setStatesOf } from "../lib/runner/states_of.ts";
import { createSecretResolver } from "../lib/secrets/create_secret_resolver.ts";
import { systemClock } from "../lib/util/clock.ts";
import type { ComposedRunner, RunnerCompositionParts } from "./compose_runner.ts";
import { composeSupervisors } from "./compose_supervisors.ts";
import type { ServiceConfig } from "./config.ts";
import { Leases } from "./leases/leases.ts";

/** Options that the runners of one machine and of a cluster share. */
type SharedOptions = Omit<CreateSwarmRunnerOptions, "leases" | "orders" | "link" | "program" | "secrets">;

/**
 * Builds the runner.
 *
 * @param config The configuration.
 * @param parts The parts that it uses.
 * @param options Its options.
 * @throws {InvalidConfigError} If the supervisor's program is not built.
 */
export async function composeSwarmRunner(
  config: ServiceConfig,
  { stores, store }: Pick<RunnerCompositionParts, "stores" | "store">,
  options: SharedOptions,
): Promise<ComposedRunner> {
  const program = await loadSupervisorProgram();
  const leases = new Leases({
    store: stores.leases,
    leaseSeconds: config.leaseSeconds,
    clock: systemClock,
  });
  const supervisors = composeSupervisors(config.runner, { ...stores, store, leases });
  const secrets = createSecretResolver(config.runner.secrets, config.runner.dataDir);
  const runner = createSwarmRunner({ ...options, ...supervisors, leases, secrets, program });
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
