/**
 * Converts the engine's description of a container into the runner's.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { kindOf, LABEL } from "../engine/labels.ts";
import type { ContainerRelation } from "./container_ownership.ts";
import type { CollectedContainer } from "../logs/log_collection.ts";
import type { DiskUse } from "./disk_use.ts";
import type { ManagedContainer } from "./runner.ts";

const infos = new WeakMap<ManagedContainer, ContainerInfo>();

/**
 * Returns the engine's description that a container was converted from.
 *
 * @param container A result of {@linkcode toManagedContainer}.
 * @returns `undefined` for any other object, also for a copy.
 */
export function infoOf(container: ManagedContainer): ContainerInfo | undefined {
  return infos.get(container);
}

/** Options of {@linkcode toManagedContainer}. */
export interface ToManagedContainerOptions {
  /** Whether the runner may act on it. @default {"own"} */
  readonly relation?: Exclude<ContainerRelation, "none">;
  /** Whether files of its code are missing. @default {false} */
  readonly isCodeLost?: boolean;
  /** Whether it has other secrets than it would get now. @default {false} */
  readonly haveSecretsChanged?: boolean;
  /** When it has certainly ended although it is lost, in ms from now. @default {unknown} */
  readonly goneInMs?: number | undefined;
  /** Disk use, if it was stopped for writing too much. */
  readonly diskUse?: DiskUse | undefined;
}

/**
 * Converts the engine's description of a container. A label that cannot be read counts as its default.
 *
 * @param info The engine's description.
 * @param options See {@linkcode ToManagedContainerOptions}.
 */
export function toManagedContainer(
  info: ContainerInfo,
  { relation = "own", isCodeLost = false, haveSecretsChanged = false, goneInMs, diskUse }:
    ToManagedContainerOptions = {},
): ManagedContainer {
  const { id: containerId, name: containerName, labels, ...state } = info;
  const slot = labels[LABEL.slot];
  const store = labels[LABEL.store];
  const specParts = labels[LABEL.specParts];
  const container: ManagedContainer = {
    ...state,
    id: labels[LABEL.id] ?? "",
    containerId,
    containerName,
    kind: kindOf(labels),
    ...(slot !== undefined && { slot }),
    specHash: labels[LABEL.specHash] ?? "",
    attempt: Number(labels[LABEL.attempt]) || 1,
    segment: Number(labels[LABEL.segment]) || 0,
    ...(isCodeLost && { isCodeLost }),
    ...(haveSecretsChanged && { haveSecretsChanged }),
    ...(goneInMs === 0 ? { isGone: true } : goneInMs !== undefined && { goneInMs }),
    ...(diskUse && info.phase === "exited" && { diskUse }),
    ...(store !== undefined && { store }),
    ...(specParts !== undefined && { specParts }),
    ...(relation === "foreign" && { isForeign: true }),
  };
  infos.set(container, info);
  return container;
}

/**
 * Converts the engine's description of a container for a log collector.
 *
 * @param info The engine's description.
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
    run: labels[LABEL.slot],
    ...(LABEL.secrets in labels && { secretLabels: labels }),
    ...(seconds > 0 && { intervalMs: seconds * 1000 }),
  };
}
