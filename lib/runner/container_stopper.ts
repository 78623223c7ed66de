/**
 * Stops and removes containers, after their last lines are stored.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { ContainerNotFoundError } from "../errors.ts";
import { keepsState } from "./state_source.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { ExitedContainers } from "./exited_containers.ts";
import { infoOf } from "./managed_container.ts";
import { outputTail } from "./output_tail.ts";
import type { OwnContainers } from "./own_containers.ts";
import type { ManagedContainer, RemoveContainerOptions, StopContainerOptions, StopResult } from "./runner.ts";

/** Parts of a {@linkcode ContainerStopper}. */
export interface ContainerStopperOptions {
  /** Has the grace period. */
  readonly config: Pick<DockerRunnerConfig, "stopGraceSeconds">;
  /** Leaves the reason of a stop where the program sees it. Never rejects. */
  readonly tellReason: (info: ContainerInfo, reason: string) => Promise<void>;
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "getLogs" | "stop">;
  /** Finds the runner's containers. */
  readonly containers: OwnContainers;
  /** Removes containers that have exited. */
  readonly exited: ExitedContainers;
  /** Hides secrets in the output. */
  readonly secrets: Pick<ContainerSecrets, "redactorOf">;
  /** Stores the output of containers. @default {output is not stored} */
  readonly logs?: Pick<LogCollector, "releaseBackpressure">;
  /** Called once a container with a state has ended by itself after SIGTERM. @default {nothing is done} */
  readonly onCleanStop?: (info: ContainerInfo) => Promise<void>;
}

/** Stops and removes the containers of one runner. */
export class ContainerStopper {
  readonly #options: ContainerStopperOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ContainerStopperOptions}. */
  constructor(options: ContainerStopperOptions) {
    this.#options = options;
  }

  /**
   * Stops a container, as `Runner.stopContainer` promises.
   *
   * @param container Id or name, or a container from the runner, which saves the lookup.
   * @param options See {@linkcode StopContainerOptions}.
   * @throws {ContainerNotFoundError} If there is no such container.
   * @throws {LogsNotSavedError} If its last lines cannot be stored. The container has exited but is kept.
   */
  async stop(container: string | ManagedContainer, options: StopContainerOptions = {}): Promise<StopResult> {
    const { orchestrator, containers, exited, config, secrets, onCleanStop } = this.#options;
    const name = typeof container === "string" ? container : container.containerId;
    const known = typeof container === "string" ? undefined : infoOf(container);
    const info = known ? containers.ifOwn(known) : await containers.get(name, options);
    if (!info) throw new ContainerNotFoundError(name);
    const graceSeconds = options.graceSeconds ?? config.stopGraceSeconds;
    if (options.reason !== undefined) await this.#options.tellReason(info, options.reason);
    const outcome = await this.#stop(info.id, { ...options, graceSeconds });
    if (outcome.how === "stopped" && keepsState(info)) await onCleanStop?.(info);
    const redactor = await secrets.redactorOf(info.labels);
    const output = await outputTail(orchestrator, info.id, { ...options, redactor });
    if (!options.keep) await exited.release(info, options);
    this.#log.debug("container stopped", { container: info.name, ...outcome });
    return { ...outcome, output };
  }

  /**
   * Removes a container, as `Runner.removeContainer` promises.
   *
   * @param container Id or name.
   * @param options See {@linkcode RemoveContainerOptions}.
   * @throws {LogsNotSavedError} If its last lines cannot be stored. The container has exited but is kept.
   */
  async remove(container: string, options: RemoveContainerOptions = {}): Promise<void> {
    const { containers, exited, logs } = this.#options;
    const info = await containers.get(container, options);
    if (!info) return;
    // Stopped first, so that everything it prints until its end is stored.
    if (logs && isLive(info)) await this.#stop(info.id, { ...options, graceSeconds: 0 });
    await exited.release(info, options);
  }

  /**
   * Removes a container that a call has waited for. Never rejects: the caller reports the run.
   *
   * @param containerId The engine's id of the container.
   * @param isCancelled Whether the call was cancelled, so that the container gets its grace period first.
   */
  async removeAfterWait(containerId: string, isCancelled: boolean): Promise<void> {
    try {
      if (isCancelled) {
        await this.#stop(containerId, { graceSeconds: this.#options.config.stopGraceSeconds });
      }
      await this.remove(containerId);
    } catch (error) {
      this.#log.error("container not removed", { container: containerId, error });
    }
  }

  #stop(
    containerId: string,
    options: { readonly graceSeconds: number; readonly signal?: AbortSignal },
  ): ReturnType<ContainerOrchestrator["stop"]> {
    this.#options.logs?.releaseBackpressure(containerId);
    return this.#options.orchestrator.stop(containerId, options);
  }
}

function isLive({ phase }: ContainerInfo): boolean {
  return phase === "running" || phase === "starting";
}
