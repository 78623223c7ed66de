/**
 * The environment of a Berth in the hub of a lab.
 *
 * @module
 */

import type { LabMachines } from "./lab_machines.ts";

/**
 * Makes the configuration of a Berth that runs in the hub, on the nodes and with the servers of a lab.
 *
 * @param lab The lab.
 * @param address `host:port` of its API, in the network of the hub. @default {port 8400 of the hub}
 * @param all The addresses of all Berths of the lab. @default {this one}
 */
export function berthEnvironment(
  lab: LabMachines,
  address: string = `${lab.hub}:8400`,
  all: readonly string[] = [address],
): Record<string, string> {
  return {
    RUNNER: "swarm",
    DOCKER_HOST: lab.managers.join(","),
    BERTH_URLS: all.map((each) => `http://${each}`).join(","),
    HTTP_ADDR: address,
    // Nobody outside of the lab reaches the hub.
    HTTP_BEHIND_PROXY: "1",
    ...lab.serverEnv,
  };
}
