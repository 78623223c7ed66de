/**
 * Sends requests to the Docker Engine over dockerode's connection. dockerode's own methods put all settings of a container
 * into the URL, read logs into one buffer, and never settle if a connection breaks during an answer. Here every answer is
 * a stream, with one way to limit it, to cancel it and to fail.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { CallScope } from "../../util/call_scope.ts";
import { EngineUnavailableError, TimeLimitError } from "../../errors.ts";
import { dialerOf } from "./dockerode_dial.ts";
import { toConnectionError, toHang, toRefusal } from "./dockerode_errors.ts";
import { DockerodeTurns, type EngineCallKind, type EngineTurnLimits } from "./dockerode_turns.ts";
import { openStream } from "./dockerode_stream.ts";
import { type BegunAnswer, readJson, readMessage } from "./read_answer.ts";

/** One request. */
export interface EngineRequest {
  /** The purpose of the request, as a clause that follows "Cannot". */
  readonly what: string;
  /** HTTP method. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with encoded parts. */
  readonly path: string;
  /** Query parameters. */
  readonly query?: Readonly<Record<string, string | number>>;
  /** JSON body. */
  readonly body?: unknown;
  /** Tar stream to send instead, with the method PUT. Read only as fast as the engine takes it. */
  readonly content?: AsyncIterable<Uint8Array>;
  /** Credentials of a registry, for the header `X-Registry-Auth`. Secret. @default {none} */
  readonly registryAuth?: string;
  /** Kind of the call, which limits the number of concurrent calls. @default {no limit} */
  readonly kind?: EngineCallKind;
}

/** Bounds of a request. */
export interface EngineRequestOptions {
  /** Gives the request up. */
  readonly signal?: AbortSignal;
  /** Time limit in ms. @default {none} */
  readonly limitMs?: number;
}

/**
 * Called when a call has ended, unless its caller gave it up.
 *
 * @param kind Kind of the call, or `list`.
 * @param durationMs How long the engine took, in ms.
 * @param hasFailed Whether the engine did not answer.
 */
export type OnEngineCall = (kind: EngineCallKind | "list", durationMs: number, hasFailed: boolean) => void;

/** A complete answer. */
export interface EngineAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Parsed JSON of the body; `undefined` if the body is empty. */
  readonly value: unknown;
}

const LIST = "/containers/json";
/** Time limit of the list by which a hanging engine is recognized, in ms. */
const PROBE_TIMEOUT_MS = 3_000;

/** Requests to one engine. */
export class DockerodeClient {
  readonly #docker: Docker;
  readonly #send: ReturnType<typeof dialerOf>;
  readonly #onCall: OnEngineCall | undefined;
  #probe: Promise<boolean> | undefined;
  readonly #closed = new AbortController();
  /** Address of the engine, for error messages. */
  readonly address: string;
  /** Path of its socket; `undefined` if it listens on TCP. */
  readonly socketPath: string | undefined;

  /** Limits the number of concurrent calls. */
  readonly turns: DockerodeTurns;

  /**
   * @param docker The connection.
   * @param limits Limits that differ from the defaults.
   * @param onCall See {@linkcode OnEngineCall}.
   */
  constructor(docker: Docker, limits?: Partial<EngineTurnLimits>, onCall?: OnEngineCall) {
    this.#onCall = onCall;
    this.turns = new DockerodeTurns(limits);
    this.#docker = docker;
    this.#send = dialerOf(docker);
    const { socketPath, host, port } = docker.modem as unknown as Record<string, unknown>;
    this.socketPath = typeof socketPath === "string" ? socketPath : undefined;
    this.address = typeof socketPath === "string" ? `unix://${socketPath}` : `${host ?? "?"}:${port ?? "?"}`;
  }

  /**
   * Sends a request and reads the complete answer.
   *
   * @param accepted Statuses from 300 on that count as answers instead of refusals.
   * @throws {EngineError} If the engine refuses.
   * @throws {EngineUnavailableError} If the engine does not answer.
   * @throws {TimeLimitError} If the call takes longer than its time limit, which begins when its turn comes.
   */
  async call(
    request: EngineRequest,
    options: EngineRequestOptions,
    accepted: readonly number[] = [],
  ): Promise<EngineAnswer> {
    const { kind, what } = request;
    if (kind === undefined) return await this.#call(request, options, accepted);
    const call = () => this.#call(request, options, accepted);
    const answer = this.turns.take(
      kind,
      what,
      options.signal,
      () => this.#measure(request, kind, options, call),
    );
    return await (request.path === LIST ? answer : this.noticeHang(what, options.signal, answer));
  }

  /**
   * Waits for a call, and recognizes an engine that hangs: it still lists containers, but does nothing else.
   *
   * @param what The purpose of the call, as a clause that follows "Cannot".
   * @param signal The caller's signal.
   * @param work The call.
   * @returns The result of the call.
   * @throws {EngineHangsError} If the call took longer than its time limit, but the engine answers a list.
   */
  async noticeHang<T>(what: string, signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const isOverdue = error instanceof TimeLimitError && !signal?.aborted;
      throw isOverdue && await this.#answersLists(error.limitMs) ? toHang(what, this.address, error) : error;
    }
  }

  /** Reports a call, without its wait for a turn. */
  async #measure<T>(
    { path }: EngineRequest,
    kind: EngineCallKind,
    { signal }: EngineRequestOptions,
    call: () => Promise<T>,
  ): Promise<T> {
    const beganAt = performance.now();
    const end = (hasFailed: boolean) => {
      if (signal?.aborted || this.#closed.signal.aborted) return;
      this.#onCall?.(path === LIST ? "list" : kind, performance.now() - beganAt, hasFailed);
    };
    try {
      const answer = await call();
      end(false);
      return answer;
    } catch (error) {
      end(error instanceof EngineUnavailableError || error instanceof TimeLimitError);
      throw error;
    }
  }

  /** Calls that are overdue at the same time share one probe. */
  #answersLists(limitMs: number): Promise<boolean> {
    const request = { what: "list containers", method: "GET", path: LIST, query: { limit: 1 } } as const;
    this.#probe ??= this.#call(request, { limitMs: Math.min(limitMs, PROBE_TIMEOUT_MS) }, []).then(
      () => true,
      () => false,
    )
      .finally(() => this.#probe = undefined);
    return this.#probe;
  }

  async #call(
    request: EngineRequest,
    options: EngineRequestOptions,
    accepted: readonly number[],
  ): Promise<EngineAnswer> {
    using scope = this.scope(request.what, options);
    const response = await this.open(request, scope, accepted);
    const value = await this.readJson(request.what, response, scope);
    scope.complete();
    return { status: response.statusCode ?? 0, value };
  }

  /**
   * Sends a request and returns once the answer begins. Read the answer, or abort the scope. Fails as
   * {@linkcode call} does.
   *
   * @param accepted Statuses from 300 on that count as answers instead of refusals.
   * @returns The stream of the answer.
   */
  async open(
    request: EngineRequest,
    scope: CallScope,
    accepted: readonly number[] = [],
  ): Promise<IncomingMessage> {
    const response = await this.#dial(request, scope);
    const status = response.statusCode ?? 0;
    if (status < 300 || accepted.includes(status)) return response;
    throw toRefusal(request.what, status, await readMessage(this.#begun(request.what, response, scope)));
  }

  /**
   * Reads an answer as JSON. Fails as {@linkcode call} does.
   *
   * @param what The purpose of the request, as a clause that follows "Cannot".
   * @returns The value; `undefined` if the answer is empty.
   */
  async readJson(what: string, response: IncomingMessage, scope: CallScope): Promise<unknown> {
    return await readJson(this.#begun(what, response, scope));
  }

  /**
   * Reads an answer piece by piece, only as fast as the caller does. Leaving the loop early closes the connection. Fails
   * as {@linkcode call} does.
   *
   * @param what The purpose of the request, as a clause that follows "Cannot".
   * @returns The bytes.
   */
  async *read(what: string, response: IncomingMessage, scope: CallScope): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response) yield chunk as Uint8Array;
    } catch (error) {
      if (scope.signal.aborted) throw scope.signal.reason;
      throw toConnectionError(what, this.address, error);
    }
  }

  /**
   * Sends a request without a body, and returns once its long answer begins. Fails as {@linkcode call} does.
   *
   * @param scope Bounds of the request; abort it to close the connection.
   * @returns The body in pieces as they arrive, read only as fast as the caller does.
   */
  async openStream(request: EngineRequest, scope: CallScope): Promise<AsyncIterable<Uint8Array>> {
    const { what, method } = request;
    if (this.socketPath === undefined) return this.read(what, await this.open(request, scope), scope);
    const query = new URLSearchParams(
      Object.entries(request.query ?? {}).map(([name, value]) => [name, String(value)]),
    );
    const path = `${request.path}?${query}`;
    const { socketPath, address } = this;
    return await openStream({ what, socketPath, method, path, address }, scope);
  }

  /**
   * Creates the scope of a request, which also ends when this client is closed.
   *
   * @param what The purpose of the request, as a clause that follows "Cannot".
   * @returns The scope. Dispose it at the end of the request.
   */
  scope(what: string, { signal, limitMs }: EngineRequestOptions): CallScope {
    const signals = [signal, this.#closed.signal];
    return new CallScope({ what: `The engine's answer to "${what}"`, signals, limitMs });
  }

  /** Cancels every request and closes the connections. */
  close(): void {
    this.#closed.abort(
      new EngineUnavailableError(`The connection to the engine at ${this.address} was closed.`),
    );
    (this.#docker.modem as { agent?: { destroy?(): void } }).agent?.destroy?.();
  }

  async #dial(request: EngineRequest, scope: CallScope): Promise<IncomingMessage> {
    scope.signal.throwIfAborted();
    const { method, query, body, content, registryAuth } = request;
    try {
      return await this.#send({
        path: `${request.path}?`,
        method,
        options: { _query: query ?? {}, _body: body ?? {} },
        ...(registryAuth !== undefined && { authconfig: { base64: registryAuth } }),
        ...(content && { file: Readable.from(content, { objectMode: false }) }),
        abortSignal: scope.signal,
      });
    } catch (error) {
      if (scope.signal.aborted) throw scope.signal.reason;
      throw toConnectionError(request.what, this.address, error);
    }
  }

  #begun(what: string, response: IncomingMessage, scope: CallScope): BegunAnswer {
    return { what, status: response.statusCode ?? 0, body: this.read(what, response, scope) };
  }
}
