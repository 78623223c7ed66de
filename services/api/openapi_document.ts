/**
 * Describes the API as an OpenAPI 3.1 document, made from the schemas that check the requests.
 *
 * @module
 */

import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { type OperationContract, problem } from "../contract/common.ts";
import { CONTRACT } from "../contract/contract.ts";
import { type Operation, type OperationId, OPERATIONS } from "../contract/operations.ts";
import { MAX_IF_MATCH } from "./operation_routes.ts";
import { STATUS_TEXT } from "./status_text.ts";

/** The document. */
export type OpenApiDocument = ReturnType<typeof createDocument>;

/** Statuses of problems that every operation may have. */
const COMMON_PROBLEMS = [400, 401, 403, 405, 408, 413, 415, 421, 429, 431, 500, 502, 503, 504, 507] as const;

const TAGS: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/bots/, "bots"],
  [/^\/api\/(schedules|runs)/, "schedules and runs"],
  [/^\/api\/backtests/, "backtests"],
  [/^\/api\/logs/, "logs"],
  [/^\/api\/nodes/, "nodes"],
  [/^\/api\/(tokens|login-codes|logout)|^\/login/, "access"],
];

const DESCRIPTION = `The surface of Berth for operators and programs.

A failed request is answered with a problem document (RFC 9457): programs read \`code\`, people \`detail\` and \`advice\`.
Integers keep all their digits. A POST with an \`Idempotency-Key\` can be sent again safely for 24 hours.`;

/**
 * Makes the document.
 *
 * @param version Version of Berth.
 */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const id of Object.keys(OPERATIONS) as OperationId[]) {
    const { method, path } = OPERATIONS[id];
    (paths[path] ??= {})[method.toLowerCase()] = describeOperation(id, OPERATIONS[id], CONTRACT[id]);
  }
  const document = createDocument({
    openapi: "3.1.0",
    info: { title: "Berth", version, description: DESCRIPTION, license: { name: "MIT", identifier: "MIT" } },
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token of `berth token create`" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "berth-8420",
          description:
            "The session of a browser; begins with `berth dashboard`. By TLS its name is `__Host-berth-8420`",
        },
      },
      responses: Object.fromEntries(
        Object.keys(STATUS_TEXT).map(Number).filter((status) => status >= 400).map((status) => [
          nameOf(status),
          {
            description: STATUS_TEXT[status]!,
            content: { "application/problem+json": { schema: problem } },
          },
        ]),
      ),
    },
  });
  for (const id of Object.keys(OPERATIONS) as OperationId[]) {
    const { method, path } = OPERATIONS[id];
    const item = document.paths?.[path] as Record<string, { parameters?: QueryParameter[] }> | undefined;
    const flags = flagsOf(CONTRACT[id]);
    for (const parameter of item?.[method.toLowerCase()]?.parameters ?? []) describeText(parameter, flags);
  }
  return document;
}

interface QueryParameter {
  readonly in?: string;
  readonly name?: string;
  schema?: Record<string, unknown>;
}

/** Names of the query's parameters that are booleans once they are read. */
function flagsOf({ query }: OperationContract): ReadonlySet<string> {
  if (!query) return new Set();
  const { properties = {} } = z.toJSONSchema(query, { io: "output", unrepresentable: "any" });
  return new Set(
    Object.entries(properties).filter(([, schema]) => (schema as { type?: unknown }).type === "boolean")
      .map(([name]) => name),
  );
}

/**
 * Adds the rules that hold for every parameter of a query, and those of a boolean in a query, which its schema lacks.
 */
function describeText(parameter: QueryParameter, flags: ReadonlySet<string>): void {
  const { schema, name = "" } = parameter;
  if (parameter.in !== "query" || schema?.type !== "string") return;
  if (flags.has(name)) parameter.schema = { type: "string", enum: ["true", "false"] };
  else if (!["pattern", "enum", "format", "const"].some((key) => key in schema)) {
    parameter.schema = { ...schema, pattern: NO_CONTROLS };
  }
}

function describeOperation(
  id: OperationId,
  { method, path, role }: Operation,
  contract: OperationContract,
): ZodOpenApiOperationObject {
  const { summary, description, params, query, body, responses, problems = [] } = contract;
  const needs = role === "open" ? "" : `Needs the role \`${role}\`.`;
  const headers = {
    ...(method === "POST" && { "Idempotency-Key": idempotencyKey }),
    ...(problems.includes(412) && { "If-Match": ifMatch }),
  };
  return {
    operationId: id,
    summary,
    description: [description, needs].filter(Boolean).join("\n\n"),
    tags: [TAGS.find(([pattern]) => pattern.test(path))?.[1] ?? "service"],
    security: role === "open" ? [] : [{ token: [] }, { session: [] }],
    requestParams: {
      ...(params && { path: params }),
      ...(query && { query }),
      ...(Object.keys(headers).length > 0 && { header: z.object(headers) }),
    },
    ...(body && {
      requestBody: {
        required: true,
        content: body === "binary"
          ? { "application/zip": { schema: { type: "string", format: "binary" } } }
          : { "application/json": { schema: body } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        [...new Set([...COMMON_PROBLEMS, ...problems, ...(method === "POST" ? [409, 422] : [])])].map((
          status,
        ) => [String(status), { $ref: `#/components/responses/${nameOf(status)}` }]),
      ),
      // A response of its own takes the place of a problem that has the same status.
      ...Object.fromEntries(
        Object.entries(responses).map((
          [status, schema],
        ) => [status, describeResponse(Number(status), schema)]),
      ),
    },
  } as ZodOpenApiOperationObject;
}

function describeResponse(status: number, schema: OperationContract["responses"][number]) {
  const description = STATUS_TEXT[status] ?? "Success";
  if (schema === "none") return { description };
  if (typeof schema !== "string") return { description, content: { "application/json": { schema } } };
  // The schema of an event stream would describe each of its events.
  if (schema === "stream") return { description, content: { "text/event-stream": {} } };
  const type = {
    ndjson: "application/x-ndjson",
    text: "text/plain",
    binary: "application/octet-stream",
    html: "text/html",
  }[schema];
  return { description, content: { [type]: { schema: { type: "string" as const } } } };
}

/** A query has no control characters but tabs. */
const NO_CONTROLS = "^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*$";

function nameOf(status: number): string {
  return `Problem${status}`;
}

const idempotencyKey = z.string().regex(/^[!-~]{1,200}$/).optional().meta({
  description: "The same request with the same key gives the first answer, for 24 hours",
});
const ifMatch = z.string().max(MAX_IF_MATCH).optional().meta({
  description: "ETag of the document that the change is meant for",
});
