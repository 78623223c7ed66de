/**
 * Requests and responses of the operations on the service itself.
 *
 * @module
 */

import { z } from "zod";
import { next, type OperationContract, pageQuery, time } from "./common.ts";

/** A part that the service works with. */
export const partAbout = z.object({
  name: z.enum(["documents", "objects", "events", "engine"]),
  state: z.enum(["ok", "warning", "problem"]),
  detail: z.string().meta({ description: "Where it is, and what is wrong" }),
  code: z.string().optional().meta({ description: "Stable name of the problem, if it has one" }),
  advice: z.string().optional().meta({ description: "What to do" }),
}).meta({ id: "ServicePart" });

/** A part that the service works with. */
export type PartAbout = z.infer<typeof partAbout>;

/** Whether this process serves. */
export const servingAbout = z.object({
  service: z.enum(["bots", "schedules"]),
  serves: z.boolean().meta({ description: "Whether this process has the right to serve" }),
  reason: z.string().optional().meta({ description: "Why it does not" }),
}).meta({ id: "Serving" });

/** Whether this process serves. */
export type ServingAbout = z.infer<typeof servingAbout>;

/** A write that somebody made. */
export const auditEntry = z.object({
  id: z.string().meta({ description: "Later entries have larger ids" }),
  at: time,
  who: z.string().meta({ description: "`local`, `token NAME` or `session of NAME`" }),
  from: z.string().meta({
    description:
      "`unix`, `unix at ADDRESS` if the Berth there has passed the request on, or the address of the client",
  }),
  operation: z.string().meta({ example: "enableBot" }),
  subject: z.string().optional().meta({ description: "Id of what it changed" }),
  status: z.int().meta({ description: "HTTP status of the answer" }),
  code: z.string().optional().meta({ description: "The problem, if it failed" }),
  before: z.string().optional().meta({
    description: "ETag of the document before; absent if there was none",
  }),
  after: z.string().optional().meta({ description: "ETag of the document after; absent if there is none" }),
  reason: z.string().optional().meta({ description: "Why, in the words of the caller" }),
}).meta({ id: "AuditEntry" });

/** A write that somebody made. */
export type AuditEntry = z.infer<typeof auditEntry>;

/** The operations on the service itself. */
export const SERVICE_CONTRACT = {
  getService: {
    summary: "Say how the service is, and what it works with",
    responses: {
      200: z.object({
        version: z.string(),
        instance: z.string(),
        segment: z.int().meta({ description: "Segment that is served, -1 for all" }),
        startedAt: time,
        uptimeSeconds: z.number(),
        caller: z.object({ name: z.string(), role: z.enum(["read", "operate"]) }).meta({
          description: "The caller",
        }),
        serving: z.array(servingAbout),
        parts: z.array(partAbout).meta({ description: "Looked at at most every ten seconds" }),
        configuration: z.record(z.string(), z.unknown()).meta({
          description: "The configuration in effect; secrets are `[redacted]`",
        }),
      }).meta({ id: "Service" }),
    },
  },
  listAudit: {
    summary: "List who wrote what, the latest first",
    description: "Entries are kept for 90 days, or for RUN_HISTORY_DAYS if that is longer.",
    query: z.strictObject({
      ...pageQuery,
      operation: z.string().max(100).optional(),
      subject: z.string().max(200).optional().meta({ description: "Id of what was changed" }),
      who: z.string().max(200).optional(),
      from: time.optional().meta({ description: "Only from this time on" }),
      to: time.optional().meta({ description: "Only before this time" }),
    }),
    responses: { 200: z.object({ entries: z.array(auditEntry), next }).meta({ id: "Audit" }) },
  },
  getOpenApi: {
    summary: "Get this document",
    responses: { 200: z.record(z.string(), z.unknown()) },
  },
  getDocs: {
    summary: "Read this document as a page",
    responses: { 200: "html" },
  },
  getHome: {
    summary: "Open the dashboard",
    responses: { 200: "html" },
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
