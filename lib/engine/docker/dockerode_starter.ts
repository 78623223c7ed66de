/**
 * Starts containers on the Docker Engine. A start that fails leaves no container.
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
  /** Bounds what containers write. */
  readonly quota: DockerodeLayerQuota;

  /**
   * @param containers The engine's calls.
   * @param limits Time limits.
   * @param newId Makes unique ids.
   * @param askStorage See {@linkcode DockerodeLayerQuota}.
   */
  constructor(
    containers: DockerodeContainers,
    limits: DockerodeTimeLimits,
    newId: () => string,
    askStorage: () => Promise<unknown>,
  ) {
    this.quota = new DockerodeLayerQuota(askStorage);
    this.#containers = containers;
    this.#limits = limits;
    this.#newId = newId;
  }

  /**
   * Creates a container. If the call fails or is cancelled, no container is left, provided that the engine still answers.
   *
   * @param spec The specification.
   * @returns Id of the container.
   * @throws {StartInterruptedError} If the engine stopped answering, so that a container may be left.
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
   * Unpacks a tar stream into a container, and removes it if that fails.
   *
   * @param id Id of the container.
   * @param name Name of the container, for error messages.
   * @param content The stream.
   */
  async fill(
    id: string,
    name: string,
    content: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      await this.#containers.fill(id, name, content, { signal, limitMs: this.#limits.filesMs });
    } catch (error) {
      await this.discard(id);
      throw error;
    }
  }

  /**
   * Starts a container, and removes it if the start fails.
   *
   * @param id Id of the container.
   * @param name Name of the container, for error messages.
   * @throws {StartInterruptedError} If the engine stopped answering, so that the container stays for now.
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
   * Removes a container after a failure. Never rejects, so that the caller reports the first failure. A container that
   * stays is found in the engine's list later.
   *
   * @param id Id of the container.
   * @returns Whether the container is gone.
   */
  discard(id: string): Promise<boolean> {
    return this.#containers.remove(id, { limitMs: this.#limits.cleanupMs }).then(() => true, () => false);
  }

  /** Waits a while for the answer even after an abort: the engine finishes the call, and the answer says what to remove. */
  async #createPatiently(spec: ContainerSpec, createId: string, signal?: AbortSignal): Promise<string> {
    using scope = new CallScope({ what: "" });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => {
      timer = setTimeout(() => scope.abort(signal?.reason), this.#limits.cleanupMs);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const bounds = { signal: scope.signal, limitMs: this.#limits.startMs };
      return await this.quota.create(
        spec.resources.diskBytes,
        (layerBytes) => this.#containers.create(spec, createId, { ...bounds, layerBytes }),
      );
    } finally {
      signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    }
  }

  /** Finds out whether a failed create call has made a container. */
  async #afterFailedCreate(name: string, createId: string, error: unknown): Promise<string> {
    const isRefusal = error instanceof EngineError || error instanceof ImageUnavailableError;
    if (isRefusal || isNeverSent(error)) throw error;
    const limit = { limitMs: this.#limits.cleanupMs };
    const found = await this.#containers.inspect(name, limit).catch(() => {
      throw toInterruption(error);
    });
    const isOurs = found?.Config.Labels?.[CREATE_ID_LABEL] === createId;
    // An HTTP client that sends the request twice gets a conflict with its own container.
    if (isOurs && error instanceof ContainerConflictError) return found.Id;
    const isGone = !isOurs || await this.discard(found.Id);
    throw isGone ? error : toInterruption(error);
  }
}

/** Leaves other errors, such as the reason of an abort, as they are. */
function toInterruption(error: unknown): unknown {
  if (!(error instanceof EngineUnavailableError)) return error;
  return new StartInterruptedError(`${error.message} A container may be left there.`, { cause: error });
}
