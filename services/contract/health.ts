/**
 * Responses of the operations for health probes and Prometheus: health, readiness and metrics.
 *
 * @module
 */

import { z } from "zod";
import type { OperationContract } from "./common.ts";

/** A part that the service needs, for callers without a token. */
const readyPart = z.object({
  name: z.enum(["documents", "objects", "events", "engine"]),
  ready: z.boolean(),
  reason: z.string().optional().meta({
    description: "Why it is not ready, without addresses: `GET /api/service` has the details",
  }),
});

/** Whether the service can work. */
export const readiness = z.object({
  ready: z.boolean(),
  parts: z.array(readyPart).meta({ description: "Looked at at most every ten seconds" }),
}).meta({ id: "Readiness" });

/** Whether the service can work. */
export type Readiness = z.infer<typeof readiness>;

/** The operations for health probes and Prometheus. */
export const HEALTH_CONTRACT = {
  getHealth: {
    summary: "Say that the process is alive",
    responses: { 200: z.object({ status: z.literal("ok") }).meta({ id: "Health" }) },
  },
  getReadiness: {
    summary: "Say whether engine, stores and event bus answer",
    description: "200 if all of them do, 503 if one does not; both have the same body.",
    responses: { 200: readiness, 503: readiness },
  },
  scrapeMetrics: {
    summary: "Read the metrics in Prometheus' format",
    description:
      "The text format 0.0.4, or OpenMetrics 1.0.0 if the header `Accept` prefers it. All names begin with `berth_` or " +
      "`process_`.",
    responses: { 200: "text" },
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
