/**
 * Requests to the Docker Engine over dockerode's connection. dockerode's own methods put the whole of a
 * container's settings into the URL, read logs into one buffer and never settle when a connection breaks
 * inside an answer; here every answer is a stream, with one way to limit, to give up and to fail.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { CallScope } from "../../util/call_scope.ts";
import { EngineUnavailableError, TimeLimitError } from "../../errors.ts";
import { dialerOf } from "./dockerode_dial.ts";
import { toConnectionError, toHang, toRefusal } from "./dockerode_errors.ts";
import { DockerodeTurns, type EngineCallKind, type EngineTurnLimits } from "./dockerode_turns.ts";
import { openStream } from "./dockerode_stream.ts";

/** One request. */
export interface EngineRequest {
  /** What it does, as in "Cannot …". */
  readonly what: string;
  /** HTTP method. */
  readonly method: "GET" | "POST" | "DELETE";
  /** Path, its parts encoded. */
  readonly path: string;
  /** Query parameters. */
  readonly query?: Readonly<Record<string, string | number>>;
  /** JSON body. */
  readonly body?: unknown;
  /** Kind of call; the number of calls of one kind at once is bounded. @default {not bounded} */
  readonly kind?: EngineCallKind;
}

/** Bounds of a request. */
export interface EngineRequestOptions {
  /** Gives the request up. */
  readonly signal?: AbortSignal;
  /** Time limit in ms. @default {none} */
  readonly limitMs?: number;
}

/** A whole answer. */
export interface EngineAnswer {
  /** HTTP status. */
  readonly status: number;
  /** The JSON in it; `undefined` when there is none. */
  readonly value: unknown;
}

const LIST = "/containers/json";
/** How long an engine that does not do something may take to list containers, in ms. */
const LOOK_MS = 3_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Requests to one engine. */
export class DockerodeClient {
  readonly #docker: Docker;
  readonly #send: ReturnType<typeof dialerOf>;
  #look: Promise<boolean> | undefined;
  readonly #closed = new AbortController();
  /** Where the engine is, for error texts. */
  readonly address: string;
  /** Path of its socket, if it is on one. */
  readonly socketPath: string | undefined;

  /** Which calls go when. */
  readonly turns: DockerodeTurns;

  /** @param docker The connection. @param limits How many calls go at once, where that differs from the defaults. */
  constructor(docker: Docker, limits?: Partial<EngineTurnLimits>) {
    this.turns = new DockerodeTurns(limits);
    this.#docker = docker;
    this.#send = dialerOf(docker);
    const { socketPath, host, port } = docker.modem as unknown as Record<string, unknown>;
    this.socketPath = typeof socketPath === "string" ? socketPath : undefined;
    this.address = typeof socketPath === "string" ? `unix://${socketPath}` : `${host ?? "?"}:${port ?? "?"}`;
  }

  /**
   * Sends a request and reads the whole answer.
   *
   * @param request The request.
   * @param options Its bounds.
   * @param accepted Statuses from 300 on that are answers, not refusals.
   * @returns The answer.
   * @throws {EngineError} If the engine refuses.
   * @throws {EngineUnavailableError} If it does not answer.
   * @throws {TimeLimitError} If it takes longer than its limit, which begins with its turn.
   */
  async call(
    request: EngineRequest,
    options: EngineRequestOptions,
    accepted: readonly number[] = [],
  ): Promise<EngineAnswer> {
    const { kind, what } = request;
    const call = () => this.#call(request, options, accepted);
    if (kind === undefined) return await call();
    const answer = this.turns.take(kind, what, options.signal, call);
    return await (request.path === LIST ? answer : this.noticeHang(what, options.signal, answer));
  }

  /**
   * Tells an engine that does nothing but answer lists from one that does not answer at all.
   *
   * @param what What is done, as in "Cannot …".
   * @param signal The caller's signal.
   * @param work The call.
   * @returns What the call returns.
   * @throws {EngineHangsError} If the call took longer than its limit, and the engine answers a list.
   */
  async noticeHang<T>(what: string, signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const isOverdue = error instanceof TimeLimitError && !signal?.aborted;
      throw isOverdue && await this.#answersLists(error.limitMs) ? toHang(what, this.address, error) : error;
    }
  }

  /** One look for all calls that are overdue at the same time. */
  #answersLists(limitMs: number): Promise<boolean> {
    const request = { what: "list containers", method: "GET", path: LIST, query: { limit: 1 } } as const;
    this.#look ??= this.#call(request, { limitMs: Math.min(limitMs, LOOK_MS) }, []).then(
      () => true,
      () => false,
    )
      .finally(() => this.#look = undefined);
    return this.#look;
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
   * Sends a request and returns once the answer has begun. Read the answer, or abort the scope.
   *
   * @param request The request.
   * @param scope Its bounds.
   * @param accepted Statuses from 300 on that are answers, not refusals.
   * @returns The answer's stream.
   * @throws As {@linkcode call}.
   */
  async open(
    request: EngineRequest,
    scope: CallScope,
    accepted: readonly number[] = [],
  ): Promise<IncomingMessage> {
    const response = await this.#dial(request, scope);
    const status = response.statusCode ?? 0;
    if (status < 300 || accepted.includes(status)) return response;
    throw toRefusal(request.what, status, await this.#readWords(request.what, response, scope));
  }

  /**
   * Reads an answer as JSON.
   *
   * @param what What was asked for, as in "Cannot …".
   * @param response The answer.
   * @param scope Bounds of its request.
   * @returns The value; `undefined` if the answer is empty.
   * @throws As {@linkcode call}.
   */
  async readJson(what: string, response: IncomingMessage, scope: CallScope): Promise<unknown> {
    const text = await this.#readText(what, response, scope);
    if (text.trim() === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw toRefusal(what, response.statusCode ?? 0, `its answer is not JSON (${(cause as Error).message})`);
    }
  }

  /**
   * Reads an answer piece by piece. Stops reading while nobody asks for more; leaving early closes the connection.
   *
   * @param what What was asked for, as in "Cannot …".
   * @param response The answer.
   * @param scope Bounds of its request.
   * @returns Its bytes.
   * @throws As {@linkcode call}.
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
   * Sends a request without a body whose answer is long, and returns once it has begun.
   *
   * @param request The request.
   * @param scope Its bounds; abort it to close the connection.
   * @returns The body, as much at a time as has come. Stops reading while nobody asks for more.
   * @throws As {@linkcode call}.
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
   * Bounds for a request: its own, and the life of this client.
   *
   * @param what What is done, as in "Cannot …".
   * @param options Its bounds.
   * @returns The scope; dispose it when the request is over.
   */
  scope(what: string, { signal, limitMs }: EngineRequestOptions): CallScope {
    const signals = [signal, this.#closed.signal];
    return new CallScope({ what: `The engine's answer to "${what}"`, signals, limitMs });
  }

  /** Gives up every request and closes the connections. */
  close(): void {
    this.#closed.abort(
      new EngineUnavailableError(`The connection to the engine at ${this.address} was closed.`),
    );
    (this.#docker.modem as { agent?: { destroy?(): void } }).agent?.destroy?.();
  }

  async #dial(request: EngineRequest, scope: CallScope): Promise<IncomingMessage> {
    scope.signal.throwIfAborted();
    const { method, query, body } = request;
    try {
      return await this.#send({
        path: `${request.path}?`,
        method,
        options: { _query: query ?? {}, _body: body ?? {} },
        abortSignal: scope.signal,
      });
    } catch (error) {
      if (scope.signal.aborted) throw scope.signal.reason;
      throw toConnectionError(request.what, this.address, error);
    }
  }

  async #readText(what: string, response: IncomingMessage, scope: CallScope): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    for await (const chunk of this.read(what, response, scope)) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw toRefusal(what, response.statusCode ?? 0, "its answer is too long");
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  async #readWords(what: string, response: IncomingMessage, scope: CallScope): Promise<string> {
    const text = (await this.#readText(what, response, scope)).trim();
    try {
      const { message } = JSON.parse(text);
      return typeof message === "string" ? message.trim() : text;
    } catch {
      return text || "no words";
    }
  }
}
