/**
 * The Docker Engine's calls about one container.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import type { CallScope } from "../../util/call_scope.ts";
import type { ContainerSpec } from "../container_spec.ts";
import { ContainerNotFoundError, EngineError } from "../../errors.ts";
import type { DockerodeClient, EngineRequest, EngineRequestOptions } from "./dockerode_client.ts";
import { hasId, hasInspection } from "./dockerode_answers.ts";
import { CREATE_ID_LABEL } from "./dockerode_container_info.ts";
import { toCreateOptions } from "./dockerode_create_options.ts";
import {
  engineMessage,
  expectShape,
  toContainerError,
  toCreateError,
  toPlatformError,
} from "./dockerode_errors.ts";
import type { EngineCallKind } from "./dockerode_turns.ts";

/** An id or name of a container that the engine accepts. */
export const REFERENCE: RegExp = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The engine creates containers that it cannot run, with only this warning. */
const OTHER_PLATFORM = "The requested image's platform (";

/** The engine's answer to a wait. */
interface WaitAnswer {
  readonly StatusCode: number;
  readonly Error?: { readonly Message?: string } | null;
}

/** Calls about one container, which is given by its id or name. */
export class DockerodeContainers {
  readonly #client: DockerodeClient;

  /** @param client The engine. */
  constructor(client: DockerodeClient) {
    this.#client = client;
  }

  /**
   * Creates a container.
   *
   * @param createId Unique id of this call, which becomes a label.
   * @param options Time limit, signal, and limit of the container's own layer in bytes.
   * @returns Id of the container.
   * @throws {ContainerConflictError} If the name is taken.
   * @throws {ImageUnavailableError} If the image is not present.
   */
  async create(
    spec: ContainerSpec,
    createId: string,
    { layerBytes, ...options }: EngineRequestOptions & { readonly layerBytes?: number | undefined },
  ): Promise<string> {
    const body = toCreateOptions(spec, layerBytes);
    body.Labels = { ...body.Labels, [CREATE_ID_LABEL]: createId };
    const request: EngineRequest = {
      what: `create container '${spec.name}'`,
      method: "POST",
      path: "/containers/create",
      query: { name: spec.name },
      body,
      kind: "start",
    };
    try {
      const { value } = await this.#client.call(request, options);
      const { Id, Warnings } = expectShape(request.what, value, hasId);
      const warning = Warnings?.find((text) => text.startsWith(OTHER_PLATFORM));
      if (warning === undefined) return Id;
      await this.remove(Id, options).catch(() => {});
      throw toPlatformError(spec, warning);
    } catch (error) {
      throw error instanceof EngineError ? toCreateError(spec, error) : error;
    }
  }

  /**
   * Starts a container. Does nothing if it already runs.
   *
   * @param name Name of the container, for error messages.
   */
  async start(id: string, name: string, options: EngineRequestOptions): Promise<void> {
    const request = this.#request(`start container '${name}'`, "POST", id, "/start", {}, "start");
    await this.#call(id, request, options, [304]);
  }

  /** Inspects a container. @returns The answer; `undefined` if there is no such container. */
  async inspect(
    container: string,
    options: EngineRequestOptions,
  ): Promise<Docker.ContainerInspectInfo | undefined> {
    if (!REFERENCE.test(container)) return undefined;
    const request = this.#request(`inspect container '${container}'`, "GET", container, "/json", {}, "read");
    const { status, value } = await this.#client.call(request, options, [404]);
    if (status === 404) return undefined;
    return expectShape(request.what, value, hasInspection);
  }

  /** Measures a container once. @returns The answer; `undefined` if there is no such container. */
  async stats(container: string, options: EngineRequestOptions): Promise<unknown> {
    if (!REFERENCE.test(container)) return undefined;
    // Without `one-shot` the engine measures twice, a second apart.
    const query = { stream: "false", "one-shot": "true" };
    const request = this.#request(
      `measure container '${container}'`,
      "GET",
      container,
      "/stats",
      query,
      "measure",
    );
    const { status, value } = await this.#client.call(request, options, [404]);
    return status === 404 ? undefined : value;
  }

  /**
   * Stops a container with SIGTERM, then SIGKILL. Returns once it has ended.
   *
   * @param graceSeconds Whole seconds between the signals.
   * @returns False if the container was not running.
   */
  async stop(container: string, graceSeconds: number, options: EngineRequestOptions): Promise<boolean> {
    const request = this.#request(`stop container '${container}'`, "POST", container, "/stop", {
      t: graceSeconds,
    });
    return await this.#call(container, request, options, [304]) !== 304;
  }

  /** Renames a container. */
  async rename(container: string, name: string, options: EngineRequestOptions): Promise<void> {
    const request = this.#request(`rename container '${container}'`, "POST", container, "/rename", { name });
    await this.#call(container, request, options, []);
  }

  /**
   * Removes a container, running or not, with its unnamed volumes. Returns once it is gone. Does nothing if there is no
   * such container.
   */
  async remove(container: string, options: EngineRequestOptions): Promise<void> {
    const what = `remove container '${container}'`;
    const request = this.#request(what, "DELETE", container, "", { force: 1, v: 1 }, "remove");
    try {
      await this.#client.call(request, options, [404]);
    } catch (error) {
      const isUnderWay = error instanceof EngineError && error.status === 409;
      if (!isUnderWay) throw error;
      const gone = this.#request(what, "POST", container, "/wait", { condition: "removed" });
      await this.#client.call(gone, options, [404]);
    }
  }

  /**
   * Begins to wait for an exit. Returns once the engine has registered the wait.
   *
   * @param condition The exit to wait for.
   * @param scope Bounds of the wait; abort it to cancel.
   * @returns A function that resolves with the exit code.
   */
  async openWait(
    container: string,
    condition: "not-running" | "next-exit",
    scope: CallScope,
  ): Promise<() => Promise<number>> {
    const what = `wait for container '${container}'`;
    const request = this.#request(what, "POST", container, "/wait", { condition });
    const response = await this.#about(container, this.#client.open(request, scope));
    return async () => {
      const answer = await this.#client.readJson(what, response, scope) as WaitAnswer | undefined;
      if (typeof answer?.StatusCode !== "number") {
        throw new EngineError(`Cannot ${what}: the engine gave no exit code.`, 200);
      }
      if (answer.Error?.Message) throw new EngineError(`Cannot ${what}: ${answer.Error.Message}`, 200);
      return answer.StatusCode;
    };
  }

  /**
   * Opens a container's log.
   *
   * @param query Query parameters of the engine's call.
   * @param scope Bounds of the call; abort it to close the log.
   * @returns The bytes in the engine's format.
   */
  async openLogs(
    container: string,
    query: EngineRequest["query"],
    scope: CallScope,
  ): Promise<AsyncIterable<Uint8Array>> {
    const request = this.#request(
      `read the log of container '${container}'`,
      "GET",
      container,
      "/logs",
      query,
    );
    return await this.#about(container, this.#client.openStream(request, scope));
  }

  /**
   * Attaches to a container's output.
   *
   * @param scope Bounds of the call; abort it to detach.
   * @returns The bytes in the engine's format, read only as fast as the caller does.
   */
  async openAttach(container: string, scope: CallScope): Promise<AsyncIterable<Uint8Array>> {
    const what = `attach to container '${container}'`;
    const request = this.#request(what, "POST", container, "/attach", { stream: 1, stdout: 1, stderr: 1 });
    return await this.#about(container, this.#client.openStream(request, scope));
  }

  /**
   * Unpacks a tar stream into a container that does not run yet, over what is there.
   *
   * @param name Name of the container, for error messages.
   * @param content The stream; its paths are below the root.
   */
  async fill(
    id: string,
    name: string,
    content: AsyncIterable<Uint8Array>,
    options: EngineRequestOptions,
  ): Promise<void> {
    const request = this.#request(`put files into container '${name}'`, "PUT", id, "/archive", { path: "/" });
    await this.#call(id, { ...request, content }, options, []);
  }

  /**
   * Opens a file of a container.
   *
   * @param path Absolute path of the file.
   * @returns A tar stream; `undefined` if there is no such file.
   */
  async openArchive(
    container: string,
    path: string,
    scope: CallScope,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const what = `read '${path}' of container '${container}'`;
    const request = this.#request(what, "GET", container, "/archive", { path });
    try {
      return this.#client.read(what, await this.#client.open(request, scope), scope);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      // The engine answers 500 instead of 404 if a part of the path is a file.
      const isMissing = error.status === 404 || engineMessage(error).endsWith("not a directory");
      if (!isMissing) throw error;
      const found = await this.inspect(container, { signal: scope.signal });
      if (found === undefined) throw new ContainerNotFoundError(container, { cause: error });
      return undefined;
    }
  }

  #request(
    what: string,
    method: EngineRequest["method"],
    container: string,
    call: string,
    query?: EngineRequest["query"],
    kind?: EngineCallKind,
  ): EngineRequest {
    // The engine decodes a path before it normalizes it: an empty name or '..' would turn it into another call.
    if (!REFERENCE.test(container)) throw new ContainerNotFoundError(container);
    return {
      what,
      method,
      path: `/containers/${encodeURIComponent(container)}${call}`,
      query,
      ...(kind && { kind }),
    };
  }

  async #call(
    container: string,
    request: EngineRequest,
    options: EngineRequestOptions,
    accepted: readonly number[],
  ): Promise<number> {
    return (await this.#about(container, this.#client.call(request, options, accepted))).status;
  }

  /** Names the container in an error of the engine. */
  async #about<T>(container: string, call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw toContainerError(container, error);
    }
  }
}
