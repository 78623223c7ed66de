/**
 * Handles the operations on tokens and sessions.
 *
 * @module
 */

import type { TcpSettings } from "./api_parts.ts";
import type { Access } from "./access.ts";
import { ApiProblem } from "./api_problem.ts";
import { noteChange } from "./audit_trail.ts";
import type { Handlers } from "./handlers.ts";
import { sessionCookie } from "./session_cookie.ts";
import { SESSION_MS, type Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";
import type { Clock } from "../../lib/util/clock.ts";

type SessionOperation =
  | "listTokens"
  | "createToken"
  | "revokeToken"
  | "createLoginCode"
  | "login"
  | "logout";

/** Dependencies of these handlers. */
export interface SessionParts {
  /** The tokens. */
  readonly tokens: Tokens;
  /** The sessions. */
  readonly sessions: Sessions;
  /** How cookies are sent. */
  readonly access: Pick<Access, "cookie">;
  /** The TCP entrance; absent if there is none. */
  readonly tcp?: TcpSettings | undefined;
  /** The clock. */
  readonly clock: Clock;
}

/**
 * Makes the handlers.
 *
 * @param parts The parts that they use.
 */
export function sessionHandlers(
  { tokens, sessions, access, tcp, clock }: SessionParts,
): Handlers<SessionOperation> {
  return {
    listTokens: async () => ({ body: { tokens: await tokens.list() } }),

    async createToken({ body: { name, role, expiresInSeconds }, caller }) {
      const { token, value } = await tokens.create({
        name,
        role,
        createdBy: caller.name,
        ...(expiresInSeconds !== undefined && { expiresAt: clock.now() + expiresInSeconds * 1000 }),
      });
      noteChange({ subject: token.id });
      return { status: 201, body: { token, value } };
    },

    async revokeToken({ params: { id } }) {
      await tokens.revoke(id);
      await sessions.endOfToken(id);
      return {};
    },

    async createLoginCode({ caller }) {
      if (caller.sessionId !== undefined) {
        throw new ApiProblem(403, "auth/forbidden", "A session cannot begin another one.", {
          advice: "Run 'berth dashboard' again, or use the token that the session comes from.",
        });
      }
      const { code, expiresAt } = await sessions.createCode(caller);
      const path = `/login?code=${code}`;
      const origin = originOf(tcp);
      return {
        status: 201,
        body: {
          path,
          ...(origin !== undefined && { url: origin + path }),
          expiresAt: new Date(expiresAt).toISOString(),
        },
      };
    },

    async login({ query: { code } }) {
      const secret = await sessions.begin(code);
      if (secret === undefined) {
        throw new ApiProblem(401, "auth/login-code", "The login code is wrong, used or over.", {
          advice: "Get a new one with 'berth dashboard'.",
          headers: { "www-authenticate": 'Bearer realm="berth"' },
        });
      }
      return {
        status: 303,
        headers: { location: "/", "set-cookie": sessionCookie(secret, SESSION_MS, access.cookie) },
      };
    },

    async logout({ caller: { sessionId }, header }) {
      if (sessionId === undefined) return {};
      await sessions.end(sessionId);
      const headers = { "set-cookie": sessionCookie("", 0, access.cookie) };
      const isPage = /\btext\/html\b/.test(header("accept") ?? "");
      return isPage ? { status: 303, headers: { ...headers, location: "/" } } : { headers };
    },
  };
}

/** Where browsers reach the TCP entrance: its first name, or its address. */
function originOf(tcp: TcpSettings | undefined): string | undefined {
  const port = tcp?.port();
  if (!tcp || port === undefined) return undefined;
  const { isSecure, isBehindProxy, names: [name], hostname } = tcp;
  if (isBehindProxy && name !== undefined) return `https://${name}`;
  const isAnywhere = hostname === "0.0.0.0" || hostname === "::";
  const host = name ?? (isAnywhere ? "localhost" : hostname.includes(":") ? `[${hostname}]` : hostname);
  return `${isSecure ? "https" : "http"}://${host}:${port}`;
}
