/**
 * Registers operations: checks the caller's right and the request, runs the handler, and writes the response.
 *
 * @module
 */

import type { Context, Hono } from "hono";
import { z } from "zod";
import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import type { Issue } from "../../lib/errors.ts";
import type { OperationContract } from "../contract/common.ts";
import { CONTRACT } from "../contract/contract.ts";
import { type OperationId, OPERATIONS } from "../contract/operations.ts";
import type { Caller } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { ApiRequest, ApiResponse, Handler, Handlers } from "./handlers.ts";
import type { LeaderAnswer } from "./leader_pass.ts";
import { parseJsonBody } from "./json_body.ts";
import { wholeResponse } from "./whole_response.ts";
import { readQuery } from "./query_values.ts";
import { readBody } from "./read_body.ts";

/** Values that the middleware sets for handlers. */
export interface ApiEnv {
  /** Values of one request. */
  Variables: {
    /** The caller; absent for an open operation. */
    caller?: Caller;
    /** The operation. */
    operation?: OperationId;
  };
}

/** Called around each handler, for example for the audit. */
export type Around = <K extends OperationId>(
  operation: K,
  request: ApiRequest<K>,
  next: () => Promise<ApiResponse<unknown> | Response>,
) => Promise<ApiResponse<unknown> | Response>;

/** Longest value of `If-Match`, in characters. */
export const MAX_IF_MATCH = 200;

/** Largest JSON body, in bytes. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;

/**
 * Adds the operations to an app.
 *
 * @param app The app.
 * @param handlers Handlers by operation.
 * @param around Called around each handler.
 * @param ask Lets the leader answer. @default {this process answers}
 */
export function addOperations(
  app: Hono<ApiEnv>,
  handlers: Handlers,
  around: Around,
  ask?: (operation: OperationId, context: Context<ApiEnv>) => Promise<LeaderAnswer>,
): void {
  for (const id of Object.keys(handlers) as OperationId[]) {
    const { method, path } = OPERATIONS[id];
    app.on(method, path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      context.set("operation", id);
      requireRole(id, context.get("caller"));
      // The leader checks the request, and notes it in the audit.
      const { response, unreached } = await ask?.(id, context) ?? {};
      if (response) return response;
      const request = { ...await readRequest(id, context), ...(unreached !== undefined && { unreached }) };
      const answer = await around(id, request, () => (handlers[id] as Handler<OperationId>)(request));
      return answer instanceof Response ? answer : toResponse(answer);
    });
  }
}

function requireRole(id: OperationId, caller: Caller | undefined): void {
  const { role } = OPERATIONS[id];
  if (role === "open" || caller?.role === "operate" || caller?.role === role) return;
  if (!caller) {
    throw new ApiProblem(401, "auth/missing", "The request has no valid token.", {
      advice: "Make one with 'berth token create', and send it as 'Authorization: Bearer TOKEN'.",
      headers: { "www-authenticate": 'Bearer realm="berth"' },
    });
  }
  throw new ApiProblem(403, "auth/forbidden", `${caller.name} may only read.`, {
    advice: "Use a token of the role 'operate'.",
  });
}

async function readRequest<K extends OperationId>(id: K, context: Context<ApiEnv>): Promise<ApiRequest<K>> {
  const contract: OperationContract = CONTRACT[id];
  const { req } = context;
  const issues: Issue[] = [];
  const check = (where: string, schema: z.ZodType | undefined, value: unknown) => {
    if (!schema) return undefined;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    issues.push(...parsed.error.issues.map((issue) => toIssue(where, issue)));
  };
  const params = check("path", contract.params, req.param());
  const query = check(
    "query",
    contract.query ?? z.strictObject({}),
    readQuery(new URL(req.url).search, issues),
  );
  if ((req.header("if-match") ?? "").length > MAX_IF_MATCH) {
    issues.push({ path: "header.if-match", message: `must have at most ${MAX_IF_MATCH} characters` });
  }
  if (issues.length > 0) throw invalid(issues);
  let body: unknown;
  if (contract.body === "binary") body = req.raw.body ?? new ReadableStream({ start: (c) => c.close() });
  else if (contract.body) {
    const text = await readBody(req.raw, MAX_JSON_BYTES);
    body = check("body", contract.body, parseBody(text, req.header("content-type")));
    if (issues.length > 0) throw invalid(issues);
  }
  return {
    params,
    query,
    body,
    caller: context.get("caller") ?? { name: "anyone", role: "read", from: "" },
    header: (name: string) => req.header(name),
    signal: req.raw.signal,
  } as unknown as ApiRequest<K>;
}

function parseBody(text: string, type: string | undefined): unknown {
  if (!/^application\/json\s*(;|$)/i.test(type ?? "")) {
    throw new ApiProblem(415, "request/media-type", "The body must be sent as application/json.");
  }
  const parsed = parseJsonBody(text);
  if ("issue" in parsed) throw invalid([parsed.issue]);
  return parsed.value;
}

function toIssue(where: string, { path, message }: z.core.$ZodIssue): Issue {
  return { path: [where, ...path.map(String)].join("."), message: message.replace(CHOICE, choiceWords) };
}

/** The library's message about a value that is none of the choices. */
const CHOICE = /^Invalid option: expected one of (.*)$/;

function choiceWords(_: string, choices: string): string {
  return `must be one of ${choices.replaceAll('"', "").replaceAll("|", ", ")}`;
}

function invalid(issues: readonly Issue[]): ApiProblem {
  const detail = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new ApiProblem(400, "request/invalid", detail, { issues });
}

function toResponse({ status, body, headers }: ApiResponse<unknown>): Response {
  if (body === undefined) return new Response(null, { status: status ?? 204, headers: headers ?? {} });
  return wholeResponse(stringifyExactJson(body), {
    status: status ?? 200,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
