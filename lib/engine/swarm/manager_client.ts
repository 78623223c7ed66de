/**
 * Sends requests to the managers of a Swarm. Any manager will do: one that does not answer, or has no leader, is left for
 * the next one.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { EngineConnection } from "../docker/connect_docker.ts";
import { EngineError, EngineUnavailableError, TimeLimitError } from "../../errors.ts";
import type { CallScope } from "../../util/call_scope.ts";
import {
  DockerodeClient,
  type EngineAnswer,
  type EngineRequest,
  type EngineRequestOptions,
  type OnEngineCall,
} from "../docker/dockerode_client.ts";
import { engineMessage } from "../docker/dockerode_errors.ts";

/**
 * How long one manager may take for one answer, in ms. One that has lost its leader answers only after about 20 s, and
 * then with an error.
 */
const ATTEMPT_MS = 8_000;

/** Requests to the managers of one Swarm. Every request may be repeated: names are unique, and updates carry a version. */
export class ManagerClient {
  readonly #managers: readonly DockerodeClient[];
  readonly #attemptMs: number;
  #preferred = 0;
  readonly #base: DockerodeClient;
  /** Node of each manager, as far as they were asked. */
  readonly #nodes = new Map<DockerodeClient, string>();

  /**
   * @param managers Connections to managers, at least one.
   * @param options `onCall`: called when a call has ended. `attemptMs`: how long one manager may take for one answer.
   */
  constructor(
    managers: readonly EngineConnection[],
    { onCall, attemptMs = ATTEMPT_MS }: { readonly onCall?: OnEngineCall; readonly attemptMs?: number } = {},
  ) {
    this.#managers = managers.map((docker) => new DockerodeClient(docker, undefined, onCall));
    this.#base = this.#managers[0]!;
    this.#attemptMs = attemptMs;
  }

  /** Addresses of the managers, for error messages. */
  get address(): string {
    return this.#managers.map(({ address }) => address).join(" or ");
  }

  /** Sends a request and reads the complete answer. See {@linkcode DockerodeClient.call}. */
  call(
    request: EngineRequest,
    options: EngineRequestOptions,
    accepted: readonly number[] = [],
  ): Promise<EngineAnswer> {
    const limitMs = Math.min(options.limitMs ?? Infinity, this.#attemptMs);
    return this.#withFailover(
      request.what,
      options.signal,
      (manager) => manager.call(request, { ...options, limitMs }, accepted),
    );
  }

  /** Sends a request and returns once the answer begins. See {@linkcode DockerodeClient.open}. */
  open(request: EngineRequest, scope: CallScope, accepted: readonly number[] = []): Promise<IncomingMessage> {
    return this.#withFailover(
      request.what,
      scope.signal,
      (manager) => manager.open(request, scope, accepted),
    );
  }

  /** Sends a request and returns once its long answer begins. See {@linkcode DockerodeClient.openStream}. */
  openStream(request: EngineRequest, scope: CallScope): Promise<AsyncIterable<Uint8Array>> {
    return this.#withFailover(request.what, scope.signal, (manager) => manager.openStream(request, scope));
  }

  /** Reads an answer piece by piece. See {@linkcode DockerodeClient.read}. */
  read(what: string, response: IncomingMessage, scope: CallScope): AsyncGenerator<Uint8Array> {
    return this.#base.read(what, response, scope);
  }

  /** Creates the scope of a request. See {@linkcode DockerodeClient.scope}. */
  scope(what: string, options: EngineRequestOptions): CallScope {
    return this.#base.scope(what, options);
  }

  /**
   * Finds the manager that is a node: its engine knows what runs there.
   *
   * @param node Id of the node.
   * @param signal Cancels the call.
   * @returns `undefined` if no manager is that node, or it does not answer.
   */
  async managerOn(node: string, signal?: AbortSignal): Promise<DockerodeClient | undefined> {
    const options = { limitMs: this.#attemptMs, signal };
    const unknown = this.#managers.filter((manager) => !this.#nodes.has(manager));
    await Promise.all(unknown.map(async (manager) => {
      const request = { what: "ask a manager for its node", method: "GET", path: "/info" } as const;
      const answer = await manager.call(request, options).catch(() => undefined);
      const { Swarm } = (answer?.value ?? {}) as { Swarm?: { NodeID?: string } };
      if (Swarm?.NodeID) this.#nodes.set(manager, Swarm.NodeID);
    }));
    return this.#managers.find((manager) => this.#nodes.get(manager) === node);
  }

  /** Cancels every request and closes the connections. */
  close(): void {
    for (const manager of this.#managers) manager.close();
  }

  /** Asks one manager after the other, beginning with the one that answered last. */
  async #withFailover<T>(
    what: string,
    signal: AbortSignal | undefined,
    ask: (manager: DockerodeClient) => Promise<T>,
  ): Promise<T> {
    const first = this.#preferred;
    let failure: unknown;
    for (let step = 0; step < this.#managers.length; step++) {
      const index = (first + step) % this.#managers.length;
      try {
        const answer = await ask(this.#managers[index]!);
        this.#preferred = index;
        return answer;
      } catch (error) {
        if (signal?.aborted || !isAway(error)) throw error;
        failure = error;
      }
    }
    this.#preferred = (first + 1) % this.#managers.length;
    throw toUnavailable(what, this.address, failure);
  }
}

/** Whether another manager may answer. */
function isAway(error: unknown): boolean {
  if (error instanceof EngineUnavailableError || error instanceof TimeLimitError) return true;
  return error instanceof EngineError &&
    (error.status === 503 || /leader|context deadline|raft/i.test(engineMessage(error)));
}

function toUnavailable(what: string, address: string, error: unknown): EngineUnavailableError {
  if (error instanceof EngineUnavailableError) return error;
  const reason = error instanceof EngineError ? engineMessage(error) : String((error as Error).message);
  const isNoManager = /not a swarm manager/i.test(reason);
  return new EngineUnavailableError(`Cannot ${what}: no answer from the Swarm at ${address}: ${reason}`, {
    advice: isNoManager
      ? "Run `docker swarm init` there, or name a manager in DOCKER_HOST."
      : "Check with `docker node ls` whether most managers are up.",
    cause: error,
  });
}
