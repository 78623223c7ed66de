/**
 * Identifies the caller.
 *
 * @module
 */

import { bearerToken } from "./bearer_token.ts";
import type { Caller } from "./api_parts.ts";
import { type CookieSettings, readSessionCookie } from "./session_cookie.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

/** The caller of the unix socket: the permissions of its file are the authentication. */
export const LOCAL_CALLER: Caller = { name: "local", role: "operate", from: "unix" };

/** Knows tokens and sessions. */
export class Authenticator {
  readonly #tokens: Pick<Tokens, "verify">;
  readonly #sessions: Pick<Sessions, "verify">;
  readonly #cookie: () => CookieSettings;

  /** @param tokens The tokens. @param sessions The sessions. @param cookie How the cookie is sent. */
  constructor(
    tokens: Pick<Tokens, "verify">,
    sessions: Pick<Sessions, "verify">,
    cookie: () => CookieSettings,
  ) {
    this.#tokens = tokens;
    this.#sessions = sessions;
    this.#cookie = cookie;
  }

  /**
   * Tells who makes a request that came in by TCP. A token counts more than a cookie, which a browser adds by itself.
   *
   * @param headers The headers of the request.
   * @param from The client's address.
   * @returns The caller; `undefined` if the request carries no valid token or session.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async callerOf(headers: Headers, from: string): Promise<Caller | undefined> {
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
    const secret = readSessionCookie(headers.get("cookie"), this.#cookie());
    const session = secret === undefined ? undefined : await this.#sessions.verify(secret);
    return session && { name: `session of ${session.name}`, role: session.role, from, sessionId: session.id };
  }
}
