/**
 * Stops containers on the Docker Engine.
 *
 * @module
 */

import type { StopOptions, StopOutcome } from "../container_orchestrator.ts";
import { KILLED } from "../../util/exit_codes.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import type { DockerodeContainers } from "./dockerode_containers.ts";
import type { DockerodeTimeLimits } from "./dockerode_time_limits.ts";

/** Stops containers, and finds out how each one ended. */
export class DockerodeStopper {
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
   * Stops a container with SIGTERM, then SIGKILL.
   *
   * @param container Id or name.
   * @param options See {@linkcode StopOptions}.
   * @throws {ContainerNotFoundError} If there is no such container.
   * @throws {EngineHangsError} If the engine lists containers, but does not stop this one in time.
   */
  async stop(container: string, options: StopOptions): Promise<StopOutcome> {
    const what = `stop container '${container}'`;
    return await this.#client.noticeHang(what, options.signal, this.#stop(what, container, options));
  }

  async #stop(what: string, container: string, options: StopOptions): Promise<StopOutcome> {
    const graceSeconds = Math.ceil(options.graceSeconds);
    using scope = this.#client.scope(what, { signal: options.signal, limitMs: this.#limits.callMs });
    // Waits from before the stop: it is the only way to the exit code of a container that the engine removes at its exit.
    const exit = await this.#containers.openWait(container, "not-running", scope);
    // The stop has its own time limit, which begins when its turn comes.
    scope.endLimit();
    const limitMs = graceSeconds * 1000 + this.#limits.stopMarginMs;
    const { signal } = scope;
    const { wasRunning, tookMs } = await this.#client.turns.take("stop", what, signal, async () => {
      const askedAt = this.#clock();
      const wasRunning = await this.#containers.stop(container, graceSeconds, { signal, limitMs });
      return { wasRunning, tookMs: this.#clock() - askedAt };
    });
    scope.restartLimit();
    const exitCode = await exit();
    scope.complete();
    if (!wasRunning) return { how: "already-exited", exitCode };
    // At the memory limit, the kernel kills the same way. Only an inspection tells the two apart.
    const mayBeKilled = exitCode === KILLED && tookMs >= graceSeconds * 1000;
    const isKilled = mayBeKilled &&
      !(await this.#containers.inspect(container, { signal }))?.State.OOMKilled;
    return { how: isKilled ? "killed" : "stopped", exitCode };
  }
}
