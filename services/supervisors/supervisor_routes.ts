/**
 * The routes of the API that supervisors call. Each call carries a token of one order and reaches nothing else.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { z } from "zod";
import { messageOf } from "../../lib/errors.ts";
import { ApiProblem } from "../api/api_problem.ts";
import { bearerToken } from "../api/bearer_token.ts";
import { problemResponse } from "../api/problem_response.ts";
import { readBody } from "../api/read_body.ts";
import { wholeResponse } from "../api/whole_response.ts";
import { beginBody, endBody, renewBody, snapshotBody } from "./supervisor_messages.ts";
import type { Supervisors, TakenOrder } from "./supervisors.ts";

/** Beginning of the paths of all routes. */
export const SUPERVISOR_PATH = "/supervisor/v1/";

/** Largest JSON body, in bytes: the answers to many commands. */
const MAX_JSON_BYTES = 1024 * 1024;

/** Answers a call of a supervisor. */
export type AnswerSupervisor = (request: Request) => Promise<Response>;

/**
 * Builds the routes.
 *
 * @param supervisors Does what is asked.
 */
export function supervisorRoutes(supervisors: Supervisors): AnswerSupervisor {
  const log = getLogger(["berth", "supervisors"]);
  return async (request) => {
    try {
      const token = bearerToken(request.headers) ?? "";
      const { pathname } = new URL(request.url);
      const path = pathname.slice(SUPERVISOR_PATH.length);
      if (path === "begin" && request.method === "POST") {
        const order = await supervisors.orderOf(token);
        return json(await supervisors.begin(order, await readJson(request, beginBody), request.signal));
      }
      // The lease decides about a renewal, whatever else has happened to its order.
      const taken = await supervisors.admit(token, { canBeOld: path === "renew" });
      return await answer(supervisors, taken, path, request);
    } catch (error) {
      const { response, isDefect } = problemResponse(error);
      if (isDefect) log.error("request failed", { problem: messageOf(error), stack: (error as Error).stack });
      // An unread rest of a body would keep the connection.
      await request.body?.cancel().catch(() => {});
      return response;
    }
  };
}

async function answer(
  supervisors: Supervisors,
  taken: TakenOrder,
  path: string,
  request: Request,
): Promise<Response> {
  const { method, signal } = request;
  const [, object] = /^objects\/(code|libraries|scripts|snapshots\/\d{8}T\d{9}Z)$/.exec(path) ?? [];
  const snapshot = object?.startsWith("snapshots/") ? object.slice("snapshots/".length) : undefined;
  switch (`${method} ${snapshot === undefined ? path : "snapshot"}`) {
    case "POST renew":
      return json(await supervisors.renew(taken, await readJson(request, renewBody)));
    case "GET runner":
      return json(supervisors.runner(taken));
    case "POST stopping":
      return json(await supervisors.stopping(taken));
    case "POST end":
      return json(await supervisors.end(taken, await readJson(request, endBody)));
    case "PUT result":
      return json(await supervisors.takeResult(taken, request.body));
    case "POST snapshots":
      return json(await supervisors.openSnapshot(taken));
    case "PUT snapshot":
      return json(await supervisors.takeSnapshot(taken, snapshot!, request.body));
    case "POST snapshot":
      return json(await supervisors.closeSnapshot(taken, snapshot!, await readJson(request, snapshotBody)));
  }
  if (method === "GET" && object !== undefined) {
    const { body, size } = await supervisors.object(taken, object, signal);
    return new Response(body, {
      headers: { "content-type": "application/octet-stream", "content-length": String(size) },
    });
  }
  throw new ApiProblem(404, "route/not-found", "Supervisors ask for nothing of this name.");
}

async function readJson<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const text = await readBody(request, MAX_JSON_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiProblem(400, "request/invalid", "The body is not JSON.");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new ApiProblem(
    400,
    "request/invalid",
    issues.map(({ path, message }) => `${path}: ${message}`).join("; "),
  );
}

function json(value: unknown): Response {
  return wholeResponse(JSON.stringify(value ?? {}), {
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
