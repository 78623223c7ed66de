/**
 * From the engine's view of a container to the runner's.
 *
 * @module
 */

import type { ContainerInfo } from "./container_orchestrator.ts";
import { type ContainerKind, LABEL } from "./labels.ts";
import type { CollectedContainer } from "./log_collector.ts";
import type { ManagedContainer } from "./runner.ts";

/**
 * Reads the labels of one of our containers. A label that somebody damaged reads as its default.
 *
 * @param info What the engine knows of it.
 */
export function toManagedContainer(info: ContainerInfo): ManagedContainer {
  const { id: containerId, name: containerName, labels, ...rest } = info;
  const { oomKilled: _oomKilled, ...state } = rest;
  const slot = labels[LABEL.slot];
  return {
    ...state,
    id: labels[LABEL.id] ?? "",
    containerId,
    containerName,
    kind: (labels[LABEL.kind] ?? "bot") as ContainerKind,
    ...(slot !== undefined && { slot }),
    specHash: labels[LABEL.specHash] ?? "",
    attempt: Number(labels[LABEL.attempt]) || 1,
    segment: Number(labels[LABEL.segment]) || 0,
  };
}

/**
 * What a log collector needs to know of one of our containers.
 *
 * @param info What the engine knows of it.
 */
export function toCollectedContainer(
  { id: containerId, labels, createdAt }: ContainerInfo,
): CollectedContainer {
  const seconds = Number(labels[LABEL.logInterval]);
  return {
    containerId,
    id: labels[LABEL.id] ?? "",
    createdAt,
    ...(seconds > 0 && { intervalMs: seconds * 1000 }),
  };
}
