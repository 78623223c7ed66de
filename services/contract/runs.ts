/**
 * Requests and responses of the operations on runs of schedules.
 *
 * @module
 */

import { z } from "zod";
import { botId, flag, idParams, next, type OperationContract, pageQuery, time } from "./common.ts";

/** States of a run. `claimed` and `running` are open, the others final. */
export const RUN_STATES = ["claimed", "running", "succeeded", "failed", "timed-out", "skipped"] as const;
/** Causes of an attempt. */
export const RUN_TRIGGERS = ["schedule", "catch-up", "manual", "retry"] as const;

/** Parameters of a path with the id of a run. */
export const runParams = z.strictObject({
  runId: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}@\d{1,12}(-manual(-\d{1,4})?)?$/).meta({
    description:
      "Id of a run: the schedule, its slot in Unix seconds, and `-manual` if somebody requested it",
    example: "morning-report@1769868000",
  }),
});

/** A run. */
export const run = z.object({
  id: z.string(),
  scheduleId: z.string(),
  slot: time.meta({ description: "When the run was due; of a manual run, when it was requested" }),
  trigger: z.enum(RUN_TRIGGERS).meta({
    description: "Cause of the latest attempt: that of the run, or `retry` from the second attempt on",
  }),
  origin: z.enum(["schedule", "catch-up", "manual"]).meta({ description: "Cause of the run" }),
  requestedBy: z.string().optional().meta({ description: "Who requested a manual run" }),
  state: z.enum(RUN_STATES),
  reason: z.string().optional().meta({ description: "Why it is in this state, or why it was skipped" }),
  instance: z.string().meta({ description: "Instance of the service that manages it" }),
  claimedAt: time,
  startedAt: time.optional().meta({ description: "When the latest attempt was started" }),
  finishedAt: time.optional(),
  startLagMs: z.number().optional().meta({ description: "Time from the slot to the first start, in ms" }),
  durationMs: z.number().optional().meta({
    description: "Time from start to end of the latest attempt, in ms",
  }),
  exitCode: z.int().optional().meta({ description: "Exit code: 128 + n for signal n" }),
  version: z.string().optional(),
  revision: z.int().optional().meta({
    description: "Number of the schedule's revision that the latest attempt was started from",
  }),
  archiveSha256: z.string().optional(),
  dependencies: z.string().optional().meta({ description: "Keys of what was built for the code" }),
  image: z.string().optional().meta({ description: "The pinned image" }),
  configHash: z.string().optional(),
  berth: z.string().optional().meta({ description: "Version of Berth" }),
  attempt: z.int().meta({ description: "Number of attempts; 0 before the first" }),
  containerName: z.string().optional(),
  resultStatus: z.enum(["stored", "missing", "too-large", "not-a-file", "invalid-json"]).optional(),
}).meta({ id: "Run" });

/** A run. */
export type Run = z.infer<typeof run>;

/** A page of runs. */
export const runList = z.object({ runs: z.array(run), next }).meta({ id: "RunList" });

/** Which part of the log of a run. */
export const runLogQuery = z.strictObject({
  tail: z.coerce.number().int().min(0).max(1_000_000).optional().meta({
    description: "Only the last lines, at most this many, and 64 Mi characters together",
  }),
  follow: flag.default(false).meta({ description: "Continue with new lines until the end" }),
});

const filters = {
  ...pageQuery,
  state: z.enum(RUN_STATES).optional(),
  trigger: z.enum(RUN_TRIGGERS).optional(),
  from: time.optional().meta({ description: "Only slots at or after this time" }),
  to: time.optional().meta({ description: "Only slots before this time" }),
};

/** The operations on runs. */
export const RUNS_CONTRACT = {
  listRuns: {
    summary: "List the runs of all schedules",
    description: "The latest slot comes first.",
    query: z.strictObject({ ...filters, schedule: botId.optional() }),
    responses: { 200: runList },
  },
  listScheduleRuns: {
    summary: "List the runs of a schedule",
    description: "The latest slot comes first. Runs of a removed schedule stay until they are too old.",
    params: idParams,
    query: z.strictObject(filters),
    responses: { 200: runList },
  },
  getRun: {
    summary: "Get a run",
    params: runParams,
    responses: { 200: run },
    problems: [404],
  },
  getRunLog: {
    summary: "Read the log of a run",
    description:
      "One JSON object a line, `{time, stream, text, run}`, of every attempt of this run and of no other; " +
      "`run` ends in `-r2` for the second attempt.",
    params: runParams,
    query: runLogQuery,
    responses: { 200: "ndjson" },
    problems: [404],
  },
  getRunResult: {
    summary: "Read the result of a run",
    description: "The JSON that the run returned, byte for byte.",
    params: runParams,
    responses: { 200: z.unknown() },
    problems: [404],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
