/**
 * Names of leases. Pure.
 *
 * @module
 */

import { type ContainerKind, LABEL } from "../engine/labels.ts";
import type { LeaseRef } from "./cluster_leases.ts";

/**
 * Names what a container leases: its bot, or its one run.
 *
 * @param kind Purpose of the container.
 * @param id Id of the bot.
 * @param slot Slot of a run, or id of a backtest.
 */
export function leaseKey(kind: ContainerKind, id: string, slot: string | undefined): string {
  return kind === "bot" ? `bot/${id}` : `run/${kind}/${id}/${slot ?? ""}`;
}

/**
 * Returns the lease that a container was started with.
 *
 * @param labels Its labels.
 * @returns `undefined` if the labels do not say.
 */
export function leaseOf(labels: Readonly<Record<string, string>>): LeaseRef | undefined {
  const { [LABEL.id]: id, [LABEL.kind]: kind, [LABEL.folder]: owner, [LABEL.epoch]: epoch } = labels;
  if (id === undefined || kind === undefined || owner === undefined || epoch === undefined) return undefined;
  return { key: leaseKey(kind as ContainerKind, id, labels[LABEL.slot]), owner, epoch: Number(epoch) };
}
