/**
 * Corrects the times of a bot's containers after the clock was set.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { Ages } from "../control/ages.ts";
import type { FailedStart } from "./restart_policy.ts";

/**
 * Shifts the times that a wait depends on to where they would be if the clock had always been as it is now.
 *
 * @param container A container of a bot.
 * @param ages Ages measured so far.
 * @returns The same container, or a copy with corrected times.
 */
export function adjustContainer(container: ManagedContainer, ages: Ages): ManagedContainer {
  const { containerId, phase, createdAt, startedAt = createdAt, finishedAt = startedAt } = container;
  if (phase === "pending") {
    const adjusted = ages.adjust(`${containerId} created`, createdAt);
    return adjusted === createdAt ? container : { ...container, createdAt: adjusted };
  }
  if (phase !== "exited") return container;
  const adjusted = ages.adjust(`${containerId} finished`, finishedAt);
  if (adjusted === finishedAt) return container;
  const ranForMs = finishedAt.getTime() - startedAt.getTime();
  return { ...container, startedAt: new Date(adjusted.getTime() - ranForMs), finishedAt: adjusted };
}

/**
 * Shifts the time of a failed start in the same way.
 *
 * @param id Id of the bot.
 * @param failed The failed start.
 * @param ages Ages measured so far.
 */
export function adjustFailedStart(id: string, failed: FailedStart, ages: Ages): FailedStart {
  const failedAt = ages.adjust(`${id} failed`, failed.failedAt);
  return failedAt === failed.failedAt ? failed : { ...failed, failedAt };
}
