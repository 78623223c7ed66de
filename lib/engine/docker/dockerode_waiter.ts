/**
 * Waits for the end of containers on the Docker Engine, through restarts of the engine.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { RETRY } from "../../util/backoff.ts";
import type { RunOutcome } from "../container_orchestrator.ts";
import { ContainerNotFoundError, EngineUnavailableError } from "../../errors.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import { fromInspection } from "./dockerode_container_info.ts";
import type { DockerodeContainers } from "./dockerode_containers.ts";
import type { DockerodeTimeLimits } from "./dockerode_time_limits.ts";

/** Waits for the end of containers. */
export class DockerodeWaiter {
  readonly #client: DockerodeClient;
  readonly #containers: DockerodeContainers;
  readonly #limits: DockerodeTimeLimits;
  readonly #clock: () => number;

  /**
   * @param client The engine.
   * @param containers The engine's calls.
   * @param limits Time limits.
   * @param clock Milliseconds since 1970, never going back.
   */
  constructor(
    client: DockerodeClient,
    containers: DockerodeContainers,
    limits: DockerodeTimeLimits,
    clock: () => number,
  ) {
    this.#client = client;
    this.#containers = containers;
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Waits until a container has exited.
   *
   * @param container Id or name.
   * @returns Exit code and duration.
   * @throws {ContainerNotFoundError} If there is no such container, or it was removed before its exit code was read.
   * @throws {EngineUnavailableError} If the engine does not answer, or stopped answering and did not return in time.
   */
  async wait(container: string, signal?: AbortSignal): Promise<RunOutcome> {
    let seen = await this.#containers.inspect(container, { signal, limitMs: this.#limits.callMs });
    if (seen === undefined) throw new ContainerNotFoundError(container);
    const { id, startedAt = new Date(this.#clock()) } = fromInspection(seen);
    let exitCode: number | undefined;
    while (seen !== undefined) {
      const outcome = outcomeOf(seen);
      if (outcome !== undefined) return outcome;
      // The engine's wait returns at once, with 0, for a container that was never started.
      if (isUnstarted(seen)) await pause(signal);
      else exitCode = await this.#waitOnce(id, signal);
      seen = await this.#inspectPatiently(id, signal);
    }
    // The engine removes some containers at their exit. The answer to the wait is then all that is known.
    if (exitCode === undefined) throw new ContainerNotFoundError(container);
    return {
      id,
      exitCode,
      oomKilled: false,
      durationMs: Math.max(0, Math.round(this.#clock() - startedAt.getTime())),
    };
  }

  /** Waits once; returns `undefined` if the wait broke off or the container is gone. */
  async #waitOnce(id: string, signal?: AbortSignal): Promise<number | undefined> {
    using scope = this.#client.scope(`wait for container '${id}'`, { signal });
    try {
      return await (await this.#containers.openWait(id, "not-running", scope))();
    } catch (error) {
      const isToBeLookedAt = error instanceof EngineUnavailableError ||
        error instanceof ContainerNotFoundError;
      if (scope.signal.aborted || !isToBeLookedAt) throw error;
      return undefined;
    }
  }

  async #inspectPatiently(
    id: string,
    signal?: AbortSignal,
  ): Promise<Docker.ContainerInspectInfo | undefined> {
    const end = this.#clock() + this.#limits.engineReturnMs;
    while (true) {
      try {
        return await this.#containers.inspect(id, { signal, limitMs: this.#limits.callMs });
      } catch (error) {
        const isAway = error instanceof EngineUnavailableError && error !== signal?.reason;
        if (!isAway || this.#clock() >= end) throw error;
      }
      await pause(signal);
    }
  }
}

/** Whether a container was never started. One that is removed looks as if it had exited with 0. */
function isUnstarted(inspected: Docker.ContainerInspectInfo): boolean {
  const { Status } = inspected.State;
  return Status === "created" || (Status === "removing" && !fromInspection(inspected).startedAt);
}

function outcomeOf(inspected: Docker.ContainerInspectInfo): RunOutcome | undefined {
  const { id, phase, exitCode = 0, oomKilled = false, startedAt, finishedAt } = fromInspection(inspected);
  if (phase !== "exited" || isUnstarted(inspected)) return undefined;
  const durationMs = startedAt && finishedAt ? Math.max(0, finishedAt.getTime() - startedAt.getTime()) : 0;
  return { id, exitCode, oomKilled, durationMs };
}

async function pause(signal?: AbortSignal): Promise<void> {
  await delay(RETRY.engineWait.minMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
