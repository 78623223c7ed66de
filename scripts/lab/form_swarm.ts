/**
 * Joins engines to a Swarm.
 *
 * @module
 */

import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { until } from "../../tests/support/until.ts";

/** An engine that joins. */
export interface SwarmMember {
  /** Where it is, for this process. */
  readonly dockerHost: string;
  /** Its address, for the others. */
  readonly address: string;
  /** Whether it is a manager. */
  readonly isManager: boolean;
}

const PORT = 2377;
/** Managers that were apart look for each other at longer and longer intervals. */
const COMPLETE_LIMIT_MS = 180_000;
const NANOSECONDS = 1e9;

/**
 * Makes a Swarm, and waits until all are ready.
 *
 * @param members The engines. The first makes the Swarm.
 * @param heartbeatSeconds How often nodes tell that they live, in seconds.
 */
export async function formSwarm(members: readonly SwarmMember[], heartbeatSeconds: number): Promise<void> {
  const [first, ...others] = members;
  if (!first) return;
  const docker = connectDocker(first.dockerHost);
  await docker.swarmInit({
    AdvertiseAddr: first.address,
    ListenAddr: `${first.address}:${PORT}`,
    Spec: { Dispatcher: { HeartbeatPeriod: heartbeatSeconds * NANOSECONDS } },
  });
  const { JoinTokens: tokens } = await docker.swarmInspect();
  // One after the other: managers that join at once disturb each other's vote.
  for (const { dockerHost, address, isManager } of others) {
    await connectDocker(dockerHost).swarmJoin({
      AdvertiseAddr: address,
      ListenAddr: `${address}:${PORT}`,
      RemoteAddrs: [`${first.address}:${PORT}`],
      JoinToken: isManager ? tokens.Manager : tokens.Worker,
    });
  }
  await untilSwarmComplete(members);
}

/**
 * Waits until all nodes are ready, and every manager says so: until then the loss of one more may stop the Swarm.
 *
 * @param members The engines.
 */
export async function untilSwarmComplete(members: readonly SwarmMember[]): Promise<void> {
  const managers = members.filter(({ isManager }) => isManager);
  for (const { dockerHost } of managers) {
    await until("a Swarm with all nodes", async () => {
      const nodes = await connectDocker(dockerHost).listNodes().catch(() => []);
      return nodes.filter(isReady).length === members.length &&
        nodes.filter(isReachable).length === managers.length;
    }, COMPLETE_LIMIT_MS);
  }
}

// deno-lint-ignore no-explicit-any -- the types of dockerode know no nodes
function isReady(node: any): boolean {
  return node.Status?.State === "ready";
}

// deno-lint-ignore no-explicit-any
function isReachable(node: any): boolean {
  return node.ManagerStatus?.Reachability === "reachable";
}
