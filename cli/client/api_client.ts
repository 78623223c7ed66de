/**
 * The client of the API: calls its operations, and turns problems into errors.
 *
 * @module
 */

import { abortableResponse } from "./abortable_response.ts";
import { BerthError } from "../../lib/errors.ts";
import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import { DEFAULT_INSTANCE, DEFAULT_TEMP_DIR, withoutEndingSlashes } from "../../lib/util/api_socket.ts";
import type { Problem } from "../../services/contract/common.ts";
import type { OperationInput, OperationOutput } from "../../services/contract/contract.ts";
import { type OperationId, OPERATIONS } from "../../services/contract/operations.ts";
import { ApiConnection, NoServiceError, type ServerAddress } from "./api_connection.ts";
import { rewordProblem } from "./reword_problem.ts";

/** Names of the variables that a client reads. */
export const CLIENT_VARIABLES: readonly string[] = [
  "BERTH_SERVER",
  "BERTH_TOKEN",
  "BERTH_INSTANCE",
  "TEMP_DIR",
  "XDG_CACHE_HOME",
  "HOME",
];

/** How long an answer may take that only reads, in ms. */
const READ_LIMIT_MS = 20_000;
/** How long any other answer may take, in ms: a removal waits until its bot has stopped. */
const WRITE_LIMIT_MS = 10 * 60_000;

/** The service refused a request. */
export class ApiError extends BerthError {
  /** HTTP status. */
  readonly status: number;
  /** Every problem of a request that was checked as a whole. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];

  /** @param problem The service's answer. */
  constructor({ code, detail, advice, status, issues = [] }: Problem) {
    super(code, detail, advice === undefined ? {} : { advice });
    this.status = status;
    this.issues = issues;
  }
}

/** Options of a call besides the operation's input. */
export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Reads from the environment where the service is.
 *
 * @param env The environment.
 */
export function serverOf(env: Readonly<Record<string, string | undefined>>): ServerAddress {
  return {
    ...(env.BERTH_SERVER && { url: env.BERTH_SERVER }),
    ...(env.BERTH_TOKEN && { token: env.BERTH_TOKEN }),
    // As the service reads them; its schema is not loaded here, so that a command starts at once.
    tempDir: withoutEndingSlashes(env.TEMP_DIR?.trim() || DEFAULT_TEMP_DIR),
    instance: env.BERTH_INSTANCE?.trim() || DEFAULT_INSTANCE,
  };
}

/** Calls the operations of the API. */
export class ApiClient implements Disposable {
  readonly #server: ServerAddress;
  readonly #readLimitMs: number;
  readonly #connection: ApiConnection;

  /**
   * @param server Where the service is.
   * @param options How long an answer may take that only reads, in ms. @default {20000}
   */
  constructor(
    server: ServerAddress,
    { readLimitMs = READ_LIMIT_MS }: { readonly readLimitMs?: number } = {},
  ) {
    this.#server = server;
    this.#connection = new ApiConnection(server);
    this.#readLimitMs = readLimitMs;
  }

  /**
   * Calls an operation whose answer is JSON.
   *
   * @param id The operation.
   * @param input Parameters and body.
   * @param options A signal and headers.
   * @returns The body; numbers beyond 2^53 lose digits, see {@linkcode text}.
   * @throws {ApiError} If the service refuses. @throws {NoServiceError} If none answers.
   */
  async call<K extends OperationId>(
    id: K,
    input: OperationInput<K>,
    options?: CallOptions,
  ): Promise<OperationOutput<K>> {
    const text = await this.text(id, input, options);
    return (text === "" ? undefined : JSON.parse(text)) as OperationOutput<K>;
  }

  /**
   * Calls an operation, and gives the text of its answer, in which every number is exact.
   *
   * @param id The operation.
   * @param input Parameters and body.
   * @param options A signal and headers.
   */
  async text<K extends OperationId>(id: K, input: OperationInput<K>, options?: CallOptions): Promise<string> {
    const limit = new AbortController();
    const limitMs = OPERATIONS[id].method === "GET" ? this.#readLimitMs : WRITE_LIMIT_MS;
    const timer = setTimeout(() => limit.abort(this.#frozen(limitMs)), limitMs);
    const signal = AbortSignal.any([limit.signal, ...(options?.signal ? [options.signal] : [])]);
    try {
      return await (await this.request(id, input, { ...options, signal })).text();
    } finally {
      clearTimeout(timer);
    }
  }

  #frozen(limitMs: number): NoServiceError {
    return new NoServiceError(
      `${this.#connection.where} within ${limitMs / 1000} s`,
      "It may be frozen or overloaded; 'berth doctor' on its machine says more.",
    );
  }

  /**
   * Calls an operation, and gives its answer as it comes.
   *
   * @param id The operation.
   * @param input Parameters and body.
   * @param options A signal and headers.
   */
  async request<K extends OperationId>(
    id: K,
    input: OperationInput<K>,
    { signal, headers = {} }: CallOptions = {},
  ): Promise<Response> {
    const { params = {}, query = {}, body } = input as {
      params?: Record<string, string>;
      query?: Record<string, unknown>;
      body?: unknown;
    };
    const { method, path } = OPERATIONS[id];
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ""));
    const search = new URLSearchParams(
      Object.entries(query).filter(([, value]) => value !== undefined).map((
        [name, value],
      ) => [name, String(value)]),
    );
    const isJson = body !== undefined && !(body instanceof ReadableStream || body instanceof Uint8Array);
    const response = await this.#connection.send(filled + (search.size > 0 ? `?${search}` : ""), {
      method,
      headers: {
        ...(this.#server.token && { authorization: `Bearer ${this.#server.token}` }),
        ...(body !== undefined && { "content-type": isJson ? "application/json" : "application/zip" }),
        ...headers,
      },
      ...(body !== undefined && { body: isJson ? stringifyExactJson(body) : body as BodyInit }),
      ...(signal && { signal }),
    });
    if (response.ok) return signal ? abortableResponse(response, signal) : response;
    throw await this.#toError(response, { ...params, ...query });
  }

  async #toError(response: Response, given: Readonly<Record<string, unknown>>): Promise<Error> {
    const { url = "", token } = this.#server;
    const text = await response.text();
    try {
      const problem = JSON.parse(text) as Problem;
      if (typeof problem.code === "string") {
        return new ApiError(rewordProblem(problem, { given, hasToken: token !== undefined }));
      }
    } catch {
      // A proxy in between may answer anything.
    }
    const said = text.trim().slice(0, 200);
    return new BerthError(
      "service/answer",
      `The server${url && ` at ${url}`} is not Berth: status ${response.status}${said && `, ${said}`}.`,
    );
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}
