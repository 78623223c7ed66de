/**
 * Times of a bot's containers, after the clock was set.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import type { Ages } from "../control/ages.ts";
import type { FailedStart } from "./last_try.ts";

/**
 * Puts the times that somebody waits for where they would be if the clock had always been as it is now.
 *
 * @param container A container of a bot.
 * @param ages What has been seen.
 * @returns The same container, or one with other times.
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
 * The same for a start that failed.
 *
 * @param id Id of the bot.
 * @param failed The start.
 * @param ages What has been seen.
 */
export function adjustFailedStart(id: string, failed: FailedStart, ages: Ages): FailedStart {
  const failedAt = ages.adjust(`${id} failed`, failed.failedAt);
  return failedAt === failed.failedAt ? failed : { ...failed, failedAt };
}
