/**
 * What stands in the way of a start.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { ContainerConflictError } from "../errors.ts";
import type { ContainerKind } from "../engine/labels.ts";
import type { OwnContainers } from "./own_containers.ts";
import type { ManagedContainer } from "./runner.ts";

/** What is to be started. */
export interface StartTarget {
  /** Name that its container gets. */
  readonly name: string;
  /** What it is for. */
  readonly kind: ContainerKind;
  /** Id of the bot. */
  readonly id: string;
  /** Which run of a schedule it is. */
  readonly slot: string | undefined;
  /** Partition that it belongs to. */
  readonly segment: number;
  /** Hash of everything that shapes it. */
  readonly specHash: string;
}

/**
 * Looks for a container of the bot before one is started, by labels: one that was renamed by hand, or that another
 * instance of the same store has started, must not get a second one beside it.
 *
 * @param target What is to be started.
 * @param containers What finds containers.
 * @returns One that runs already as the target says; `undefined` when nothing stands in the way.
 * @throws {ContainerConflictError} If another one does.
 */
export async function standingContainer(
  target: StartTarget,
  containers: Pick<OwnContainers, "find">,
  signal?: AbortSignal,
): Promise<ManagedContainer | undefined> {
  const { kind, id, slot } = target;
  const found = await containers.find(kind, id, { signal });
  // One that was created and never started is the rest of a start that was cut off: its name tells, if it is in the way.
  const standing = found.filter((each) => each.slot === slot && each.phase !== "pending");
  return standing.map((each) => judge(target, each)).find((each) => each !== undefined);
}

/**
 * Judges the container that has the name of a start.
 *
 * @param target What is to be started.
 * @param info What the engine knows of the container.
 * @param containers What tells whose it is.
 * @param cause What the engine said.
 * @returns The container, if it is what the target says.
 * @throws {ContainerConflictError} If it is another one.
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
 * Says whose a foreign container is, and what to do about it.
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
