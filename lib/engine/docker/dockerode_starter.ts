/**
 * Starts containers on the Docker Engine so that a start that fails leaves none.
 *
 * @module
 */

import { CallScope } from "../../util/call_scope.ts";
import type { ContainerSpec } from "../container_spec.ts";
import {
  ContainerConflictError,
  EngineError,
  EngineUnavailableError,
  ImageUnavailableError,
  StartInterruptedError,
} from "../../errors.ts";
import { CREATE_ID_LABEL } from "./dockerode_container_info.ts";
import type { DockerodeContainers } from "./dockerode_containers.ts";
import { isNeverSent } from "./dockerode_errors.ts";
import { DockerodeLayerQuota } from "./dockerode_layer_quota.ts";
import type { DockerodeTimeLimits } from "./dockerode_time_limits.ts";

/** Creates and starts containers, and removes them again. */
export class DockerodeStarter {
  readonly #containers: DockerodeContainers;
  readonly #limits: DockerodeTimeLimits;
  readonly #newId: () => string;
  readonly #quota = new DockerodeLayerQuota();

  /** @param containers The engine's calls. @param limits Time limits. @param newId Makes unique ids. */
  constructor(containers: DockerodeContainers, limits: DockerodeTimeLimits, newId: () => string) {
    this.#containers = containers;
    this.#limits = limits;
    this.#newId = newId;
  }

  /**
   * Creates a container. When it fails or is given up, there is none, as far as the engine can still be asked.
   *
   * @param spec What it is to be.
   * @returns Its id.
   * @throws {StartInterruptedError} If the engine went away, and can not be asked.
   */
  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const createId = this.#newId();
    const id = await this.#createPatiently(spec, createId, signal).catch((error) =>
      this.#afterFailedCreate(spec.name, createId, error)
    );
    if (signal?.aborted) {
      await this.discard(id);
      throw signal.reason;
    }
    return id;
  }

  /**
   * Starts a container; one that cannot be started is removed.
   *
   * @param id Its id.
   * @param name Its name, for error texts.
   * @throws {StartInterruptedError} If the engine went away, so that the container stays for now.
   */
  async start(id: string, name: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#containers.start(id, name, { signal, limitMs: this.#limits.startMs });
    } catch (error) {
      const isRemoved = await this.discard(id);
      throw isRemoved ? error : toInterruption(error);
    }
  }

  /**
   * Removes a container after a failure. Never rejects: the failure is what the caller is told, and an engine
   * that does not answer shows what is left in its list when it is back.
   *
   * @param id Its id.
   * @returns Whether it is gone.
   */
  discard(id: string): Promise<boolean> {
    return this.#containers.remove(id, { limitMs: this.#limits.cleanupMs }).then(() => true, () => false);
  }

  /** The engine finishes a create whose caller has gone, so its answer is awaited for a while: it names what to remove. */
  async #createPatiently(spec: ContainerSpec, createId: string, signal?: AbortSignal): Promise<string> {
    using scope = new CallScope({ what: "" });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => {
      timer = setTimeout(() => scope.abort(signal?.reason), this.#limits.cleanupMs);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const bounds = { signal: scope.signal, limitMs: this.#limits.startMs };
      return await this.#quota.create(
        spec.resources.diskBytes,
        (layerBytes) => this.#containers.create(spec, createId, { ...bounds, layerBytes }),
      );
    } finally {
      signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    }
  }

  /** Finds out what became of a create without a good answer. */
  async #afterFailedCreate(name: string, createId: string, error: unknown): Promise<string> {
    const isRefusal = error instanceof EngineError || error instanceof ImageUnavailableError;
    if (isRefusal || isNeverSent(error)) throw error;
    const limit = { limitMs: this.#limits.cleanupMs };
    const found = await this.#containers.inspect(name, limit).catch(() => {
      throw toInterruption(error);
    });
    const isOurs = found?.Config.Labels?.[CREATE_ID_LABEL] === createId;
    // A client that sent the request twice is told of a conflict with itself.
    if (isOurs && error instanceof ContainerConflictError) return found.Id;
    const isGone = !isOurs || await this.discard(found.Id);
    throw isGone ? error : toInterruption(error);
  }
}

/** Errors of another kind, a caller's reason among them, stay what they are. */
function toInterruption(error: unknown): unknown {
  if (!(error instanceof EngineUnavailableError)) return error;
  return new StartInterruptedError(`${error.message} A container may be left there.`, { cause: error });
}
