/**
 * Decides which requests are admitted, and on whose behalf.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type { Caller, TcpSettings } from "./api_parts.ts";
import type { Entrance } from "./api_app.ts";
import { Authenticator, LOCAL_CALLER } from "./authenticator.ts";
import { ApiProblem } from "./api_problem.ts";
import { type Rate, RateLimit } from "./rate_limit.ts";
import { requireOwnHost, requireSameOrigin } from "./request_origin.ts";
import type { CookieSettings } from "./session_cookie.ts";
import { PEER_HEADERS, type PeerPasses } from "./peer_passes.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

/** Requests of a token, of a session, or of an address without either. */
const REQUESTS: Rate = { perSecond: 100, burst: 200 };
/** Answers that the caller is unknown, by address. */
const FAILURES: Rate = { perSecond: 10, burst: 20 };

/** Dependencies of the access checks. */
export interface AccessParts {
  /** The tokens. */
  readonly tokens: Tokens;
  /** The sessions. */
  readonly sessions: Sessions;
  /** The passes of other Berths. */
  readonly passes: PeerPasses;
  /** The TCP entrance; absent if there is none. */
  readonly tcp?: TcpSettings;
  /** The clock. */
  readonly clock: Clock;
}

/** The bounds of the TCP entrance. The unix socket has none: its users could stop the service as well. */
export class Access {
  readonly #tcp: TcpSettings | undefined;
  readonly #authenticator: Authenticator;
  readonly #requests: RateLimit;
  readonly #failures: RateLimit;

  /** @param parts See {@linkcode AccessParts}. */
  constructor({ tcp, clock, ...known }: AccessParts) {
    this.#tcp = tcp;
    this.#authenticator = new Authenticator(known, () => this.cookie);
    this.#requests = new RateLimit(REQUESTS, clock);
    this.#failures = new RateLimit(FAILURES, clock);
  }

  /** How the cookie of a session is sent. */
  get cookie(): CookieSettings {
    return { isSecure: this.#tcp?.isSecure ?? false, port: this.#tcp?.port() ?? 0 };
  }

  /**
   * Lets a request in.
   *
   * @param request The request.
   * @param entrance Where it came in.
   * @param from The client's address.
   * @returns The caller; `undefined` if the request carries no valid token or session.
   * @throws {ApiProblem} 421 or 403 if a page of another origin sends it, 429 if there are too many.
   */
  async admit(request: Request, entrance: Entrance, from: string): Promise<Caller | undefined> {
    if (entrance === "unix") return LOCAL_CALLER;
    const isPassedOn = request.headers.has(PEER_HEADERS.pass);
    if (this.#tcp && !isPassedOn) requireOwnHost(request, this.#tcp);
    const caller = await this.#authenticator.callerOf(request.headers, from);
    if (isPassedOn) {
      // The Berth that has passed it on has looked at host and origin; nobody counts the users of its socket.
      if (!caller) throw strangePass();
      if (caller.tokenId === undefined && caller.sessionId === undefined) return caller;
    } else requireSameOrigin(request, caller?.sessionId !== undefined);
    // A caller that is known has a count of its own, so that nobody else of its address can use that up.
    this.#requests.require(caller?.tokenId ?? caller?.sessionId ?? `address ${from}`);
    return caller;
  }

  /** Reads the secret of a session from a request. @param request The request. */
  sessionIn(request: Request): string | undefined {
    return this.#authenticator.sessionIn(request.headers);
  }

  /**
   * Tells whether the token or session of a request is still valid. Counts nothing.
   *
   * @param request The request, which came in by TCP.
   * @param from The client's address.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async knows(request: Request, from: string): Promise<boolean> {
    return await this.#authenticator.callerOf(request.headers, from) !== undefined;
  }

  /**
   * Counts an answer that the caller is unknown.
   *
   * @param from The client's address.
   * @throws {ApiProblem} 429 if there are too many.
   */
  countFailure(from: string): void {
    this.#failures.require(from);
  }
}

function strangePass(): ApiProblem {
  return new ApiProblem(
    401,
    "auth/pass",
    "The request comes from no Berth of this database, or its caller is unknown.",
  );
}
