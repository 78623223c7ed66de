/**
 * The API as a function from requests to responses.
 *
 * @module
 */

import { Hono } from "hono";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { Authenticator } from "./authenticator.ts";
import { DocumentWriter } from "./document_writer.ts";
import { botHandlers } from "./bot_handlers.ts";
import { codeHandlers } from "./code_handlers.ts";
import { deploymentHandlers } from "./deployment_handlers.ts";
import type { Handlers } from "./handlers.ts";
import { addOperations, type ApiEnv } from "./operation_routes.ts";
import { problemResponse } from "./problem_response.ts";
import { runHandlers } from "./run_handlers.ts";
import { scheduleHandlers } from "./schedule_handlers.ts";

/** Where a request comes in. */
export type Entrance = "unix" | "tcp";

/** Answers a request. @param request The request. @param entrance Where it came in. @param from The client's address. */
export type ApiApp = (request: Request, entrance: Entrance, from: string) => Promise<Response>;

/** Headers of every response. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/**
 * Builds the API.
 *
 * @param parts What it works with.
 * @param authenticator Tells who calls.
 */
export function createApiApp(parts: ApiParts, authenticator: Authenticator): ApiApp {
  const log = getLogger(["berth", "api"]);
  const app = new Hono<ApiEnv & { Bindings: { entrance: Entrance; from: string } }>();
  app.use(async (context, next) => {
    const caller = await authenticator.callerOf(context.req.raw, context.env.entrance, context.env.from);
    if (caller) context.set("caller", caller);
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    }
  });
  const writer = new DocumentWriter(parts);
  const handlers: Handlers = {
    getHealth: () => Promise.resolve({ body: { status: "ok" } }),
    ...botHandlers(parts, writer),
    // Code and deployments.
    ...codeHandlers(parts),
    ...deploymentHandlers(parts, writer),
    // Logs.

    // Events and statistics.

    // Schedules and runs.
    ...scheduleHandlers(parts, writer),
    ...runHandlers(parts),
    // Backtests.

    // The service, tokens and the audit.

    // The end of the table.
  };
  addOperations(app as unknown as Hono<ApiEnv>, handlers, (_operation, _request, next) => next());
  app.notFound(({ req, get }) => {
    if (!get("caller")) return unauthenticated();
    const detail = `There is nothing at ${req.method} ${new URL(req.url).pathname}.`;
    return problemResponse(new ApiProblem(404, "route/not-found", detail)).response;
  });
  app.onError((error, { req }) => {
    const { response, isDefect } = problemResponse(error);
    if (isDefect) {
      log.error("request failed", {
        method: req.method,
        path: req.path,
        problem: messageOf(error),
        stack: error.stack,
      });
    }
    return response;
  });
  return async (request, entrance, from) => await app.fetch(request, { entrance, from });
}

/** Without a token nobody learns which paths exist. */
function unauthenticated(): Response {
  return problemResponse(
    new ApiProblem(401, "auth/missing", "The request has no valid token.", {
      headers: { "www-authenticate": 'Bearer realm="berth"' },
    }),
  ).response;
}
