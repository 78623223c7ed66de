/**
 * Whether an engine does more than answer lists.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../lib/engine/container_orchestrator.ts";
import type { Finding } from "./finding.ts";

/** How many containers are looked at, the newest first as the engine lists them. */
const MAX_LOOKS = 100;
const LOOK_MS = 5_000;

/**
 * Asks the engine about each container. An engine that has deadlocked goes on answering lists, and shows containers that
 * have ended as running; about those it answers nothing.
 *
 * @param orchestrator The engine.
 * @param limitMs How long the answers may take in all, in ms.
 * @returns A problem, or nothing.
 */
export async function checkEngineActs(
  orchestrator: ContainerOrchestrator,
  signal: AbortSignal,
  limitMs: number = LOOK_MS,
): Promise<Finding[]> {
  const containers = (await orchestrator.listContainers({ signal })).slice(0, MAX_LOOKS);
  const limit = AbortSignal.timeout(limitMs);
  const bounds = { signal: AbortSignal.any([signal, limit]) };
  const looks = await Promise.all(
    containers.map(({ id, name }) =>
      orchestrator.getStatus(id, bounds).then(() => undefined, (error) => {
        signal.throwIfAborted();
        if (limit.aborted) return name;
        throw error;
      })
    ),
  );
  const silent = looks.filter((name) => name !== undefined);
  if (silent.length === 0) return [];
  return [{
    subject: "Engine",
    state: "problem",
    detail:
      `it hangs: it lists ${containers.length} containers, and says nothing about ${silent.length} of them ` +
      `within ${limitMs / 1000} s (${silent[0]})`,
    advice: "restart Docker (systemctl restart docker); if that hangs too, end dockerd with SIGKILL first",
  }];
}
