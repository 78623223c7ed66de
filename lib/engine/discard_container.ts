/**
 * Removes containers that have done their work.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type Clock, systemClock } from "../util/clock.ts";
import type { ContainerOrchestrator } from "./container_orchestrator.ts";

/** Waits before the next tries, in ms. */
const WAITS_MS = [500, 3000];

/**
 * Removes a container whose result is there: a failure must not take that away. Tries several times, since nothing looks
 * for such a container before the next start of Berth. Never rejects.
 *
 * @param engine The engine.
 * @param name Name of the container.
 * @param clock The clock.
 */
export async function discardContainer(
  engine: Pick<ContainerOrchestrator, "remove">,
  name: string,
  clock: Pick<Clock, "sleep"> = systemClock,
): Promise<void> {
  for (const waitMs of [...WAITS_MS, undefined]) {
    try {
      return await engine.remove(name);
    } catch (error) {
      if (waitMs !== undefined) await clock.sleep(waitMs);
      else {
        getLogger(["berth", "runner"]).warn("a container is left until the next start", {
          container: name,
          error,
        });
      }
    }
  }
}
