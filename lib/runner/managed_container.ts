/**
 * From the engine's view of a container to the runner's.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { type ContainerKind, LABEL } from "../engine/labels.ts";
import type { ContainerRelation } from "./container_ownership.ts";
import type { CollectedContainer } from "../logs/log_collection.ts";
import type { DiskUse } from "./disk_use.ts";
import type { ManagedContainer } from "./runner.ts";

const infos = new WeakMap<ManagedContainer, ContainerInfo>();

/**
 * What the engine knew of a container when it was told of.
 *
 * @param container What {@linkcode toManagedContainer} gave.
 * @returns `undefined` for any other, a copy among them.
 */
export function infoOf(container: ManagedContainer): ContainerInfo | undefined {
  return infos.get(container);
}

/** Options of {@linkcode toManagedContainer}. */
export interface ToManagedContainerOptions {
  /** Whether the runner may act on it. @default {"own"} */
  readonly relation?: Exclude<ContainerRelation, "none">;
  /** Whether files of its code were removed from under it. @default {false} */
  readonly isCodeLost?: boolean;
  /** What it had written when it was stopped for that. */
  readonly diskUse?: DiskUse | undefined;
}

/**
 * Reads the labels of one of our containers. A label that somebody damaged reads as its default.
 *
 * @param info What the engine knows of it.
 * @param options See {@linkcode ToManagedContainerOptions}.
 */
export function toManagedContainer(
  info: ContainerInfo,
  { relation = "own", isCodeLost = false, diskUse }: ToManagedContainerOptions = {},
): ManagedContainer {
  const { id: containerId, name: containerName, labels, ...state } = info;
  const slot = labels[LABEL.slot];
  const store = labels[LABEL.store];
  const container: ManagedContainer = {
    ...state,
    id: labels[LABEL.id] ?? "",
    containerId,
    containerName,
    kind: (labels[LABEL.kind] ?? "bot") as ContainerKind,
    ...(slot !== undefined && { slot }),
    specHash: labels[LABEL.specHash] ?? "",
    attempt: Number(labels[LABEL.attempt]) || 1,
    segment: Number(labels[LABEL.segment]) || 0,
    ...(isCodeLost && { isCodeLost }),
    ...(diskUse && info.phase === "exited" && { diskUse }),
    ...(store !== undefined && { store }),
    ...(relation === "foreign" && { isForeign: true }),
  };
  infos.set(container, info);
  return container;
}

/**
 * What a log collector needs to know of one of our containers.
 *
 * @param info What the engine knows of it.
 */
export function toCollectedContainer(
  { id: containerId, labels, createdAt, phase }: ContainerInfo,
): CollectedContainer {
  const seconds = Number(labels[LABEL.logInterval]);
  return {
    containerId,
    id: labels[LABEL.id] ?? "",
    createdAt,
    hasExited: phase === "exited",
    ...(seconds > 0 && { intervalMs: seconds * 1000 }),
  };
}
