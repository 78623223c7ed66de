/**
 * Names of containers.
 *
 * @module
 */

import type { ContainerKind } from "../engine/labels.ts";

/**
 * Builds the name of a container. The name is deterministic, so that a second start is a conflict and not a second bot.
 * Two containers never share a name: instance, kind and slot contain no underscore, and only runs have a slot.
 *
 * @param instance Name of the instance.
 * @param kind Purpose of the container.
 * @param id Id of the bot.
 * @param slot Slot of a scheduled run.
 */
export function containerName(instance: string, kind: ContainerKind, id: string, slot?: string): string {
  return `berth_${instance}_${kind}_${id}${slot === undefined ? "" : `_${slot}`}`;
}
