/**
 * Sets whether the Swarm places tasks on a node.
 *
 * @module
 */

import { EngineError } from "../../errors.ts";
import { engineMessage } from "../docker/dockerode_errors.ts";
import type { ManagerClient } from "./manager_client.ts";
import type { SwarmNode } from "./swarm_answers.ts";
import type { SwarmServices } from "./swarm_services.ts";

/** The availability to set. */
export interface AvailabilityRequest {
  /** Id of the node. */
  readonly node: string;
  /** The new value. */
  readonly availability: SwarmNode["Spec"]["Availability"];
  /** Time limit of a call, in ms. */
  readonly limitMs: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** How often an update is repeated after another one has overtaken it. */
const MAX_UPDATES = 5;

/**
 * Sets the availability of a node, and leaves everything else of it as it is.
 *
 * @param client The managers.
 * @param services Reads the nodes.
 * @param request The values to set.
 * @returns False if there is no such node.
 */
export async function setAvailability(
  client: ManagerClient,
  services: Pick<SwarmServices, "nodes">,
  { node: id, availability, limitMs, signal }: AvailabilityRequest,
): Promise<boolean> {
  const bounds = { limitMs, ...(signal && { signal }) };
  for (let tries = 1;; tries++) {
    const node = (await services.nodes(bounds)).find(({ ID }) => ID === id);
    if (!node) return false;
    if (node.Spec.Availability === availability) return true;
    const request = {
      what: `change node '${node.Description?.Hostname ?? id}'`,
      method: "POST",
      path: `/nodes/${encodeURIComponent(id)}/update`,
      query: { version: node.Version.Index },
      body: { ...node.Spec, Availability: availability },
      kind: "start",
    } as const;
    try {
      await client.call(request, bounds);
      return true;
    } catch (error) {
      const isOvertaken = error instanceof EngineError && /out of sequence/i.test(engineMessage(error));
      if (!isOvertaken || tries === MAX_UPDATES) throw error;
    }
  }
}
