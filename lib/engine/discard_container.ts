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

/** Options of {@linkcode discardContainer}. */
export interface DiscardContainerOptions {
  /** Ends the waits, not the call: once it is aborted, a removal is tried at most once more. */
  readonly signal?: AbortSignal | undefined;
  /** The clock. @default {systemClock} */
  readonly clock?: Pick<Clock, "sleep">;
}

/**
 * Removes a container whose result is there: a failure must not take that away. Tries several times, since nothing looks
 * for such a container before the next start of Berth. Never rejects.
 *
 * @param engine The engine.
 * @param name Name of the container.
 * @param options See {@linkcode DiscardContainerOptions}.
 */
export async function discardContainer(
  engine: Pick<ContainerOrchestrator, "remove">,
  name: string,
  { signal, clock = systemClock }: DiscardContainerOptions = {},
): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await engine.remove(name);
    } catch (error) {
      const waitMs = WAITS_MS[tries];
      if (waitMs === undefined || signal?.aborted) {
        const log = getLogger(["berth", "runner"]);
        return log.warn("a container is left until the next start", { container: name, error });
      }
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }
}
