/**
 * Finds containers that stand in the way of a start.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { ContainerConflictError } from "../errors.ts";
import type { ContainerKind } from "../engine/labels.ts";
import type { OwnContainers } from "./own_containers.ts";
import type { ManagedContainer } from "./runner.ts";

/** A start. */
export interface StartTarget {
  /** Name of its container. */
  readonly name: string;
  /** Purpose of the container. */
  readonly kind: ContainerKind;
  /** Id of the bot. */
  readonly id: string;
  /** Slot of a scheduled run. */
  readonly slot: string | undefined;
  /** Segment of the bot. */
  readonly segment: number;
  /** Hash of everything that shapes the container. */
  readonly specHash: string;
}

/**
 * Looks for a container of the bot before a start. Searches by labels: a bot must not get a second container beside one
 * that was renamed by hand or that another instance of the same store started.
 *
 * @param target The start.
 * @param containers Finds containers.
 * @returns A container that already runs as specified; `undefined` if none stands in the way.
 * @throws {ContainerConflictError} If a container with another specification stands in the way.
 */
export async function standingContainer(
  target: StartTarget,
  containers: Pick<OwnContainers, "find">,
  signal?: AbortSignal,
): Promise<ManagedContainer | undefined> {
  const { kind, id, slot } = target;
  const found = await containers.find(kind, id, { ...(slot !== undefined && { slots: [slot] }), signal });
  // A pending container is left from a start that was cut off. It only stands in the way if it has the name.
  const standing = found.filter((each) => each.slot === slot && each.phase !== "pending");
  return standing.map((each) => judge(target, each)).find((each) => each !== undefined);
}

/**
 * Compares the container that has the name of a start with that start.
 *
 * @param target The start.
 * @param info The container.
 * @param containers Decides whose the container is.
 * @param cause The engine's refusal of the name.
 * @returns The container, if it runs as specified.
 * @throws {ContainerConflictError} If it is another container.
 */
export async function namedContainer(
  target: StartTarget,
  info: ContainerInfo,
  containers: Pick<OwnContainers, "managed">,
  cause: unknown,
): Promise<ManagedContainer | undefined> {
  const there = await containers.managed(info);
  const isTarget = there?.kind === target.kind && there.id === target.id && there.slot === target.slot;
  if (there && isTarget) return judge(target, there, cause);
  const whose = there?.id ? `container of bot '${there.id}'` : "container that Berth did not make";
  throw new ContainerConflictError(
    target.name,
    `Cannot start '${target.name}': a ${whose} has this name (${info.id.slice(0, 12)}). ` +
      "Give that one another name with `docker rename`.",
    { cause, isForeign: true },
  );
}

/**
 * Describes a foreign container, and says what to do about it.
 *
 * @param container The container.
 */
export function describeForeign({ containerName, store }: ManagedContainer): string {
  return `container '${containerName}' belongs to another document store (${store}), and is left alone. If that store ` +
    "was moved or restored to here, run 'berth start --adopt' once; if not, correct DATA_DIR or MONGO_URI, or choose " +
    "another BERTH_INSTANCE";
}

function judge(target: StartTarget, there: ManagedContainer, cause?: unknown): ManagedContainer | undefined {
  const { name } = target;
  if (there.isForeign) {
    const message = `Cannot start '${name}': ${describeForeign(there)}.`;
    throw new ContainerConflictError(name, message, { cause, isForeign: true });
  }
  const { phase, specHash, segment } = there;
  const isSame = specHash === target.specHash && segment === target.segment;
  if (phase !== "exited" && phase !== "pending" && isSame) return there;
  if (phase === "pending") return undefined;
  const what = phase === "exited" ? "has exited and was not removed" : "runs with another specification";
  const which = there.containerName === name ? "of this name" : `of the same bot, '${there.containerName}',`;
  throw new ContainerConflictError(
    name,
    `Cannot start '${name}': a container ${which} ${what}. Remove it first.`,
    { cause },
  );
}
