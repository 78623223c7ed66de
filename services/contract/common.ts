/**
 * Schemas that several operations share.
 *
 * @module
 */

import { z } from "zod";
import { BOT_ID_RULE, isBotId } from "../../lib/executable/bot_id.ts";

/** The parameters, request and response of an operation. */
export interface OperationContract {
  /** The effect of the operation, in one line. */
  readonly summary: string;
  /** Further facts for callers. */
  readonly description?: string;
  /** Parameters of the path. */
  readonly params?: z.ZodObject;
  /** Parameters of the query. */
  readonly query?: z.ZodObject;
  /** Body of the request, as JSON; `binary` for a stream of bytes. */
  readonly body?: z.ZodType | "binary";
  /**
   * Bodies of the successful responses by status: JSON, `stream` for server-sent events, `ndjson` for one JSON object a
   * line, `html` for a page, `binary` for bytes, `none` for no body.
   */
  readonly responses: Readonly<
    Record<number, z.ZodType | "binary" | "stream" | "ndjson" | "text" | "html" | "none">
  >;
  /** Statuses of its problems, besides those that every operation has. */
  readonly problems?: readonly number[];
}

/** The id of a bot or of a schedule. */
export const botId = z.string().refine(isBotId, `must ${BOT_ID_RULE}`).meta({
  description: "Id of a bot or of a schedule",
  example: "my-bot",
  // The same rule, for clients that read the document.
  override: { type: "string", pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$" },
});

/** Parameters of a path with one id. */
export const idParams = z.strictObject({ id: botId });

/** A boolean in a query. */
export const flag = z.stringbool({ truthy: ["true"], falsy: ["false"], case: "sensitive" });

/** A point in time: RFC 3339 in UTC. */
export const time = z.iso.datetime().meta({
  description: "RFC 3339, UTC",
  example: "2026-01-31T12:00:00.000Z",
});

/** A document, with whatever fields its writers chose. */
export const document = z.record(z.string(), z.unknown()).meta({
  description: "A document in the form of the outside contract; integers keep all their digits",
});

/** Why a request failed: RFC 9457. */
export const problem = z.object({
  type: z.string().meta({ description: "Always `about:blank`; `code` names the problem" }),
  title: z.string().meta({ description: "The status in words" }),
  status: z.int(),
  code: z.string().meta({
    description: "Stable name of the problem, for programs",
    example: "bot/not-found",
  }),
  detail: z.string().meta({ description: "The problem and its place" }),
  advice: z.string().optional().meta({ description: "Advice on what to do" }),
  run: z.string().optional().meta({ description: "The run that is in the way" }),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional().meta({
    description: "Every problem of a request that was checked as a whole",
  }),
}).meta({ id: "Problem" });

/** A failed request. */
export type Problem = z.infer<typeof problem>;

/** Parameters of a query that reads a page. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1000).default(100).meta({
    description: "Maximum number of entries",
  }),
  cursor: z.string().max(500).optional().meta({ description: "`next` of the page before" }),
};

/** Cursor of the next page; absent on the last one. */
export const next = z.string().optional().meta({
  description: "Cursor of the next page; absent on the last",
});
