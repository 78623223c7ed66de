/**
 * Forwards requests to the leader, and its answers to the client.
 *
 * @module
 */

import { messageOf } from "../../lib/errors.ts";
import { tcpAddressOf } from "../../lib/util/server_addresses.ts";
import { type OperationId, OPERATIONS } from "../contract/operations.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import type { Leader } from "../ownership/leader_in.ts";
import type { Caller } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { PEER_HEADERS, type PeerPasses } from "./peer_passes.ts";

/** Where requests may be sent on to. */
export interface PeerAddresses {
  /** Addresses of the APIs of all Berths. */
  readonly urls: readonly string[];
  /** Absolute path of the authority that signed their certificates, as PEM. @default {one that this machine knows} */
  readonly caFile?: string;
}

/** A request to send on. */
export interface SentOn {
  /** The operation. */
  readonly operation: OperationId;
  /** The request; its body is not read yet. */
  readonly request: Request;
  /** The caller. */
  readonly caller: Caller;
  /** Secret of the caller's session, if it carries one. */
  readonly session?: string | undefined;
}

/** How long the leader may take to begin its answer, in ms. */
const ANSWER_MS = 15_000;
/** The same for operations that build, copy or wait for a bot. */
const LONG_MS = 10 * 60_000;
const LONG: ReadonlySet<OperationId> = new Set<OperationId>([
  "startBacktest",
  "getStateContent",
  "putStateContent",
  "restoreState",
  "snapshotState",
  "purge",
  "pruneCode",
]);
/** Headers of a request that mean the same to the leader. */
const PASSED = ["accept", "content-type", "if-match", "if-none-match", "idempotency-key", "last-event-id"];
/** Headers of an answer that belong to the connection. */
const OF_CONNECTION = ["connection", "keep-alive", "transfer-encoding", "date"];

/** The leader does not answer. */
export class LeaderUnreachedError extends ApiProblem {
  /**
   * @param leader The leader. @param why Continues "The leader". @param advice The advice. @param options The cause.
   */
  constructor({ about }: Leader, why: string, advice: string, options?: ErrorOptions) {
    super(503, "leader/unreachable", `The leader, ${about}, ${why}.`, {
      ...options,
      advice,
      headers: { "retry-after": "2" },
    });
  }
}

/** Sends each request on a connection of its own: a pooled one may have died with its leader. */
export class Forwarder implements Disposable {
  readonly #peers: PeerAddresses;
  readonly #passes: PeerPasses;
  readonly #clients = new Map<string, Promise<Deno.HttpClient>>();

  /** @param peers See {@linkcode PeerAddresses}. @param passes The passes. */
  constructor(peers: PeerAddresses, passes: PeerPasses) {
    this.#peers = peers;
    this.#passes = passes;
  }

  /**
   * Sends a request on.
   *
   * @param leader The leader; it has an address.
   * @param sent See {@linkcode SentOn}.
   * @returns The leader's answer, whose body comes as the leader sends it.
   * @throws {LeaderUnreachedError} If the leader does not answer, or does not recognize this Berth.
   * @throws {StoreUnavailableError} If this Berth has no pass, and the database does not answer.
   */
  async send(leader: Leader, sent: SentOn): Promise<Response> {
    const { operation, request: { signal } } = sent;
    const url = leader.url!;
    if (!this.#peers.urls.includes(url)) {
      throw new LeaderUnreachedError(
        leader,
        `is at ${url}, which this Berth does not know`,
        "Name the addresses of all Berths in the BERTH_URLS of each.",
      );
    }
    const limit = new AbortController();
    const limitMs = LONG.has(operation) ? LONG_MS : ANSWER_MS;
    const timer = setTimeout(() => limit.abort(), limitMs);
    let response: Response;
    try {
      const client = await this.#clientOf(url);
      const init = await this.#initOf(sent);
      response = await fetch(targetOf(sent.request, url), {
        ...init,
        client,
        signal: AbortSignal.any([signal, limit.signal]),
      } as RequestInit);
      // A body that breaks off can still become an error here.
      if (response.body && isJson(response)) response = new Response(await response.arrayBuffer(), response);
    } catch (error) {
      if (signal.aborted || error instanceof StoreUnavailableError) throw error;
      const why = limit.signal.aborted
        ? `has not answered at ${url} within ${limitMs / 1000} s`
        : `does not answer at ${url}: ${messageOf((error as Error).cause ?? error)}`;
      const isRead = OPERATIONS[operation].method === "GET";
      const maybe = isRead ? "" : " See first whether it has been done.";
      const advice = `If the leader is gone, another Berth leads soon: retry in some seconds.${maybe}`;
      throw new LeaderUnreachedError(leader, why, advice, { cause: error });
    } finally {
      clearTimeout(timer);
    }
    if (response.status === 401) {
      await response.body?.cancel();
      throw new LeaderUnreachedError(
        leader,
        `does not accept at ${url} what this Berth accepts`,
        "Do all Berths use the same MONGO_URI, and is the address of each its own? See ADVERTISE_URL.",
      );
    }
    return passedBack(response, url);
  }

  async #initOf({ request, caller, session }: SentOn): Promise<RequestInit> {
    const headers = new Headers({
      [PEER_HEADERS.pass]: await this.#passes.own(),
      [PEER_HEADERS.from]: caller.from,
      // An answer is passed on as it comes.
      "accept-encoding": "identity",
    });
    for (const name of PASSED) {
      const value = request.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    if (caller.tokenId !== undefined) headers.set("authorization", request.headers.get("authorization")!);
    if (caller.sessionId !== undefined) headers.set(PEER_HEADERS.session, session!);
    return {
      method: request.method,
      headers,
      redirect: "manual",
      ...(request.body && { body: request.body }),
    };
  }

  #clientOf(url: string): Promise<Deno.HttpClient> {
    const known = this.#clients.get(url);
    if (known) return known;
    const client = this.#connect(url);
    this.#clients.set(url, client);
    client.catch(() => this.#clients.delete(url));
    return client;
  }

  async #connect(url: string): Promise<Deno.HttpClient> {
    const { caFile } = this.#peers;
    return Deno.createHttpClient({
      // Straight there: HTTP_PROXY is for the world outside, and would read what passes. With TLS there is no such
      // transport; a proxy sees nothing then, and NO_PROXY keeps it out.
      ...(url.startsWith("http:") && { proxy: { transport: "tcp", ...tcpAddressOf(url) } }),
      poolMaxIdlePerHost: 0,
      ...(caFile !== undefined && { caCerts: [await Deno.readTextFile(caFile)] }),
    });
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client.then((client) => client.close(), () => {});
    this.#clients.clear();
  }
}

/** A path that begins with `//` would name another host. */
function targetOf({ url }: Request, origin: string): URL {
  const { pathname, search } = new URL(url);
  return Object.assign(new URL(origin), { pathname, search });
}

function isJson({ headers }: Response): boolean {
  return /^application\/(problem\+)?json/.test(headers.get("content-type") ?? "");
}

function passedBack({ body, status, headers: given }: Response, url: string): Response {
  const headers = new Headers(given);
  for (const name of OF_CONNECTION) headers.delete(name);
  headers.set("berth-leader", url);
  return new Response(body, { status, headers });
}
