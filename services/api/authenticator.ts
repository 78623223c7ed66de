/**
 * Tells who calls.
 *
 * @module
 */

import type { Caller } from "./api_parts.ts";
import type { Entrance } from "./api_app.ts";

/** Tells who calls. */
export interface Authenticator {
  /**
   * Tells who makes a request.
   *
   * @param request The request.
   * @param entrance Where it came in: the permissions of the unix socket are the authentication.
   * @param from The client's address.
   * @returns The caller; `undefined` if the request carries no valid token or session.
   */
  callerOf(request: Request, entrance: Entrance, from: string): Promise<Caller | undefined>;
}

/** Accepts the unix socket alone. */
export class SocketAuthenticator implements Authenticator {
  /** See {@linkcode Authenticator.callerOf}. */
  callerOf(_request: Request, entrance: Entrance): Promise<Caller | undefined> {
    return Promise.resolve(
      entrance === "unix" ? { name: "local", role: "operate", from: "unix" } : undefined,
    );
  }
}
