/**
 * Names of containers.
 *
 * @module
 */

import type { ContainerKind } from "../engine/labels.ts";

/**
 * The one name of a container, so that a second start is a conflict and not a second bot. Neither instance,
 * kind nor slot holds an underscore, and only runs have a slot: different containers never have the same name.
 *
 * @param instance Which Berth it belongs to.
 * @param kind What it is for.
 * @param id Id of the bot.
 * @param slot Which run of a schedule it is.
 */
export function containerName(instance: string, kind: ContainerKind, id: string, slot?: string): string {
  return `berth_${instance}_${kind}_${id}${slot === undefined ? "" : `_${slot}`}`;
}
