/**
 * The aim of a start: one container with one name.
 *
 * @module
 */

import { type ContainerKind, LABEL } from "../engine/labels.ts";
import { InvalidExecutableError } from "../errors.ts";
import type { Executable } from "../executable/executable.ts";
import { containerName } from "./container_name.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { RunningResult } from "./execution_result.ts";
import type { ExecutableHashes } from "./executable_hashes.ts";
import { boundProblems } from "./limit_bounds.ts";
import type { ManagedContainer, StartContainerOptions } from "./runner.ts";
import type { StartTarget } from "./standing_containers.ts";

/**
 * Finds out what a start aims at.
 *
 * @param executable A validated executable.
 * @param options How it is started.
 * @param config The configuration.
 * @param hashes Hash executables.
 * @throws {InvalidExecutableError} If it asks for more than the operator allows.
 */
export function startTargetOf(
  executable: Executable,
  { slot }: Pick<StartContainerOptions, "slot">,
  config: DockerRunnerConfig,
  hashes: ExecutableHashes,
): StartTarget {
  const problems = boundProblems(executable, config.bounds);
  if (problems.length > 0) throw new InvalidExecutableError(problems);
  const kind = containerKind(executable, slot);
  const { id, segment } = executable;
  const name = containerName(config.instance, kind, id, slot);
  return { name, kind, id, slot, segment, specHash: hashes.whole(executable) };
}

/**
 * Labels that say how a container was started.
 *
 * @param executable The executable that runs in it.
 * @param target The target of the start.
 * @param options How it is started.
 * @param more `specParts` of the executable, the container's folder or work order, and the user it runs as.
 */
export function startLabels(
  executable: Executable,
  { kind, slot, specHash }: StartTarget,
  { attempt = 1, logIntervalSeconds }: StartContainerOptions,
  { specParts, folder, uid }: { readonly specParts: string; readonly folder: string; readonly uid: number },
): Record<string, string> {
  const diskBytes = executable.limits?.diskBytes;
  return {
    [LABEL.kind]: kind,
    [LABEL.specHash]: specHash,
    [LABEL.specParts]: specParts,
    [LABEL.attempt]: String(attempt),
    [LABEL.folder]: folder,
    [LABEL.uid]: String(uid),
    ...(executable.secrets && { [LABEL.secrets]: JSON.stringify(executable.secrets) }),
    ...(slot !== undefined && { [LABEL.slot]: slot }),
    ...(logIntervalSeconds !== undefined && { [LABEL.logInterval]: String(logIntervalSeconds) }),
    ...(diskBytes !== undefined && { [LABEL.diskLimit]: String(diskBytes) }),
  };
}

/** Environment variables of a run that was due at a time. Slots are whole seconds. @param slotTime When it was due. */
export function slotEnvironment(slotTime?: Date): Record<string, string> {
  return slotTime ? { SLOT: slotTime.toISOString().replace(/\.\d+Z$/, "Z") } : {};
}

/** Describes a container that runs. @param container The container. @param created Whether this start made it. */
export function toRunning(container: ManagedContainer, created: boolean): RunningResult {
  const { containerId, containerName, specHash } = container;
  return { status: "running", containerId, containerName, specHash, created, container };
}

function containerKind({ entrypoint, isLongRunning }: Executable, slot?: string): ContainerKind {
  // A schedule runs the program of the bot.
  if (slot !== undefined) return entrypoint === "backtest" ? "backtest" : "run";
  return isLongRunning ? "bot" : "backtest";
}
