/**
 * Requests and responses of the operations on schedules.
 *
 * @module
 */

import { z } from "zod";
import { botId, document, idParams, next, type OperationContract, pageQuery, time } from "./common.ts";
import { containerLimits } from "./limits.ts";
import { revisionSummary } from "./bots.ts";
import { run } from "./runs.ts";

/** States of a schedule. */
export const SCHEDULE_STATES = ["scheduled", "finished", "disabled", "invalid"] as const;

/** One time at which a schedule runs. */
export const slotTime = z.object({
  utc: time,
  local: z.string().meta({
    description: "The same in the time zone of the schedule, with its offset",
    example: "2026-01-31T09:00:00-05:00",
  }),
}).meta({ id: "SlotTime" });

/** The next times of an expression. */
export const schedulePreview = z.object({
  expression: z.string(),
  reading: z.enum(["six-fields", "five-fields", "descriptor", "every", "session"]),
  timezone: z.string(),
  times: z.array(slotTime),
  notes: z.array(z.string()).meta({ description: "Surprises, such as changes of clocks" }),
}).meta({ id: "SchedulePreview" });

/** A schedule in a list. */
export const scheduleSummary = z.object({
  id: botId,
  enabled: z.boolean(),
  state: z.enum(SCHEDULE_STATES),
  condition: z.string().meta({ description: "The state in words, with its reason" }),
  schedule: z.string().optional().meta({
    description: "The cron expression, with the time zone if it is not UTC",
    example: "0 9 * * mon-fri (America/New_York)",
  }),
  timezone: z.string().optional(),
  next: time.optional().meta({ description: "The next slot, or one that is due" }),
  lastRun: run.optional().meta({ description: "The run of the latest slot" }),
  version: z.string().optional(),
  runtime: z.string().optional(),
  problem: z.string().optional().meta({ description: "Why the document is invalid" }),
  notes: z.array(z.string()).optional().meta({ description: "Warnings about the document" }),
}).meta({ id: "ScheduleSummary" });

/** A schedule in a list. */
export type ScheduleSummary = z.infer<typeof scheduleSummary>;

/** One schedule with all that is known of it. */
export const schedule = scheduleSummary.extend({
  revision: revisionSummary.optional().meta({
    description: "The latest revision; absent before it is noted",
  }),
  document,
  limits: containerLimits.optional().meta({
    description: "What a run may use; absent if the document is invalid",
  }),
  times: z.array(slotTime).meta({ description: "The next five times" }),
  clockNotes: z.array(z.string()).meta({
    description: "Surprises of these times, such as changes of clocks",
  }),
  openRuns: z.array(run).meta({ description: "Its runs that have not ended, the earliest slot first" }),
}).meta({ id: "Schedule" });

/** One schedule. */
export type Schedule = z.infer<typeof schedule>;

/** The answer to a change. */
export const changedSchedule = z.object({
  id: botId,
  enabled: z.boolean(),
  etag: z.string().optional().meta({ description: "ETag of the document after the change" }),
}).meta({ id: "ChangedSchedule" });

const count = z.coerce.number().int().min(1).max(1000).default(5).meta({ description: "Number of times" });

/** The operations on schedules. */
export const SCHEDULES_CONTRACT = {
  listSchedules: {
    summary: "List the schedules",
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(SCHEDULE_STATES).optional(),
      text: z.string().max(200).optional().meta({ description: "Part of the id, ignoring case" }),
    }),
    responses: { 200: z.object({ schedules: z.array(scheduleSummary), next }).meta({ id: "ScheduleList" }) },
  },
  getSchedule: {
    summary: "Get a schedule with its document, its next times and its open runs",
    params: idParams,
    responses: { 200: schedule },
    problems: [404],
  },
  putSchedule: {
    summary: "Write the document of a schedule",
    description: "Fields that the document does not contain stay. `If-Match` makes the write conditional.",
    params: idParams,
    body: document,
    responses: { 200: changedSchedule, 201: changedSchedule },
    problems: [409, 412, 422],
  },
  deleteSchedule: {
    summary: "Remove a schedule",
    description: "A run in progress finishes. Records, logs and results stay until they are too old.",
    params: idParams,
    responses: { 204: "none" },
    problems: [404, 409, 412],
  },
  enableSchedule: {
    summary: "Enable a schedule",
    params: idParams,
    responses: { 200: changedSchedule },
    problems: [404, 409, 412],
  },
  disableSchedule: {
    summary: "Disable a schedule",
    description: "A run in progress finishes.",
    params: idParams,
    responses: { 200: changedSchedule },
    problems: [404, 409, 412],
  },
  runSchedule: {
    summary: "Run a schedule now",
    description:
      "Runs even a disabled schedule. Under the policy `Forbid`, a run in progress is a conflict: " +
      "`run` of the problem names it.",
    params: idParams,
    responses: { 202: run },
    problems: [404, 409, 422, 503],
  },
  getScheduleTimes: {
    summary: "Get the next times of a schedule",
    description: "Counted from now, also for a disabled schedule.",
    params: idParams,
    query: z.strictObject({ count }),
    responses: { 200: schedulePreview },
    problems: [404, 422],
  },
  previewCron: {
    summary: "Get the next times of a cron expression",
    query: z.strictObject({
      expression: z.string().min(1).max(1000),
      timezone: z.string().max(100).optional().meta({ description: "IANA name; UTC if absent" }),
      calendar: z.string().max(60).optional().meta({
        description: "Trading calendar on whose days it runs, such as XNYS; every day if absent",
      }),
      count,
    }),
    responses: { 200: schedulePreview },
    problems: [422],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
