/**
 * Identifies the caller.
 *
 * @module
 */

import { bearerToken } from "./bearer_token.ts";
import type { Caller } from "./api_parts.ts";
import { PEER_HEADERS, type PeerPasses } from "./peer_passes.ts";
import { type CookieSettings, readSessionCookie } from "./session_cookie.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

/** The caller of the unix socket: the permissions of its file are the authentication. */
export const LOCAL_CALLER: Caller = { name: "local", role: "operate", from: "unix" };

/** Longest text that says where a caller is, in characters. */
const MAX_FROM = 100;

/** Knows tokens and sessions. */
export class Authenticator {
  readonly #tokens: Pick<Tokens, "verify">;
  readonly #sessions: Pick<Sessions, "verify">;
  readonly #passes: Pick<PeerPasses, "verify">;
  readonly #cookie: () => CookieSettings;

  /** @param known The tokens, the sessions, and the passes of other Berths. @param cookie How the cookie is sent. */
  constructor(
    { tokens, sessions, passes }: {
      readonly tokens: Pick<Tokens, "verify">;
      readonly sessions: Pick<Sessions, "verify">;
      readonly passes: Pick<PeerPasses, "verify">;
    },
    cookie: () => CookieSettings,
  ) {
    this.#tokens = tokens;
    this.#sessions = sessions;
    this.#passes = passes;
    this.#cookie = cookie;
  }

  /**
   * Tells who makes a request that came in by TCP. A token counts more than a cookie, which a browser adds by itself.
   * Another Berth may pass a request on: then the credential is its caller's, or the caller used that Berth's socket.
   *
   * @param headers The headers of the request.
   * @param from The client's address.
   * @returns The caller; `undefined` if the request carries no valid token or session.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async callerOf(headers: Headers, from: string): Promise<Caller | undefined> {
    const pass = headers.get(PEER_HEADERS.pass);
    if (pass === null) return await this.#callerBy(headers, this.sessionIn(headers), from);
    if (!await this.#passes.verify(pass)) return undefined;
    const given = headers.get(PEER_HEADERS.from)?.slice(0, MAX_FROM) ?? from;
    const session = headers.get(PEER_HEADERS.session) ?? undefined;
    const caller = headers.has("authorization") || session !== undefined
      ? await this.#callerBy(headers, session, given)
      : { ...LOCAL_CALLER, from: `unix at ${from}` };
    return caller && { ...caller, isPassedOn: true };
  }

  /** Reads the secret of a session from a request's cookie. @param headers The headers of the request. */
  sessionIn(headers: Headers): string | undefined {
    return readSessionCookie(headers.get("cookie"), this.#cookie());
  }

  async #callerBy(headers: Headers, secret: string | undefined, from: string): Promise<Caller | undefined> {
    if (headers.has("authorization")) {
      const value = bearerToken(headers);
      const token = value === undefined ? undefined : await this.#tokens.verify(value);
      if (!token) return undefined;
      return {
        name: `token ${token.name}`,
        role: token.role,
        from,
        tokenId: token.id,
        ...(token.expiresAt !== undefined && { tokenEnds: Date.parse(token.expiresAt) }),
      };
    }
    const session = secret === undefined ? undefined : await this.#sessions.verify(secret);
    return session && { name: `session of ${session.name}`, role: session.role, from, sessionId: session.id };
  }
}
