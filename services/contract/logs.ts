/**
 * Requests and responses of the operations on logs.
 *
 * @module
 */

import { z } from "zod";
import { isBotId } from "../../lib/executable/bot_id.ts";
import { botId, idParams, next, type OperationContract, problem } from "./common.ts";

/** A point in time: RFC 3339, with any offset and any number of digits. */
const instant = z.iso.datetime({ offset: true }).max(64);

/** Longest list of ids in a query, in characters: a request's whole header may have 16 KiB. */
const MAX_IDS_LENGTH = 8000;

/** A line of a log. */
export const logLine = z.object({
  time: z.string().meta({
    description: "When the engine received it: RFC 3339, UTC, to the nanosecond",
    example: "2026-01-31T12:34:56.789012345Z",
  }),
  stream: z.enum(["stdout", "stderr", "berth"]).meta({ description: "`berth`: a remark by Berth" }),
  text: z.string(),
  run: z.string().optional().meta({ description: "Slot of the run that printed it; absent for bots" }),
}).meta({ id: "LogLine" });

/** A line of a log. */
export type LogLine = z.infer<typeof logLine>;

/** A line of some bot's log. */
export const logHit = logLine.extend({ bot: botId }).meta({ id: "LogHit" });

/** A line of some bot's log. */
export type LogHit = z.infer<typeof logHit>;

/** The last line of a response that is not complete. */
export const logEnd = z.object({
  problem: problem.optional().meta({ description: "Why nothing more could be read" }),
  next,
}).meta({ id: "LogEnd" });

/** The last line of a response that is not complete. */
export type LogEnd = z.infer<typeof logEnd>;

const pattern = {
  q: z.string().min(1).max(1000).optional().meta({ description: "Only lines that contain this" }),
  regex: z.string().min(1).max(1000).optional().meta({
    description: "Only lines that match this regular expression, in RE2's syntax",
  }),
};
const tail = z.coerce.number().int().min(0).max(100_000).optional().meta({
  description: "Only the last lines, at most this many, and 64 Mi characters together",
});

/** A metric. */
const metric = z.object({
  time: z.string(),
  type: z.string().meta({ description: "The value of `_metric`" }),
  fields: z.record(z.string(), z.unknown()),
});

/** The numbers in one field of one type of metric. */
const metricRangeSeries = z.object({
  type: z.string().meta({ description: "The value of `_metric`" }),
  field: z.string().meta({ description: "Name of the field" }),
  points: z.array(z.object({
    time: z.number().meta({ description: "When the last of the part was printed, in ms since 1970" }),
    last: z.number(),
    min: z.number(),
    max: z.number(),
  })).meta({ description: "Oldest first; parts of the range without a number have none" }),
});

/** The operations on logs. */
export const LOGS_CONTRACT = {
  readLogs: {
    summary: "Read the log of a bot, or of the runs of a schedule",
    description:
      "Also of those that were removed. Gives a `LogLine` a line, oldest first: those that are stored, then " +
      "those that are not yet. If the engine is down, a `LogEnd` with a problem comes last.",
    params: idParams,
    query: z.strictObject({
      ...pattern,
      since: instant.optional().meta({ description: "Only lines at or after this time" }),
      until: instant.optional().meta({ description: "Only lines before this time" }),
      tail,
    }),
    responses: { 200: "ndjson" },
    problems: [404],
  },
  followLogs: {
    summary: "Follow the log of a bot, or of the runs of a schedule",
    description:
      "Server-sent events: each has a `LogLine`. `Last-Event-ID` continues after that event, without a gap or " +
      "a repeat, also after a restart of the service. `live` says that all lines up to now are given, `problem` why " +
      "newer ones cannot be read at the moment.",
    params: idParams,
    query: z.strictObject({ ...pattern, since: instant.optional(), tail }),
    responses: { 200: "stream" },
    problems: [404],
  },
  searchLogs: {
    summary: "Search the stored logs of all bots and schedules",
    description:
      "Also of those that were removed. Lines are stored within `LOG_INTERVAL`. Gives a `LogHit` a line, the " +
      "newest day first. If there is more, a `LogEnd` with `next` comes last: after `limit` lines, or after ten seconds.",
    query: z.strictObject({
      ...pattern,
      bots: z.string().max(MAX_IDS_LENGTH).transform((text) => text.split(","))
        .refine((ids) => ids.every(isBotId), "must be ids, separated by commas").optional()
        .meta({
          description: "Ids separated by commas",
          override: {
            type: "string",
            maxLength: MAX_IDS_LENGTH,
            pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}(,[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127})*$",
          },
        }),
      from: instant.optional().meta({ description: "Only lines at or after this time" }),
      to: instant.optional().meta({ description: "Only lines before this time" }),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000).meta({
        description: "Maximum number of lines",
      }),
      cursor: z.string().max(200).optional().meta({ description: "`next` of the answer before" }),
    }).refine(({ q, regex }) => q !== undefined || regex !== undefined, {
      message: "is needed, or 'regex'",
      path: ["q"],
    }),
    responses: { 200: "ndjson" },
    problems: [429],
  },
  getMetricRange: {
    summary: "Get the numbers of a bot's stored metrics over a range of time",
    description:
      "From the stored logs, which have a line within `LOG_INTERVAL`. The range is cut into `points` equal parts, and " +
      "the numbers of each become one point. Gives at most 50 series; others are left out, and `cut` says so. Reading " +
      "ends after ten seconds: then `complete` is false, and later points are missing.",
    params: idParams,
    query: z.strictObject({
      from: instant.optional().meta({ description: "Begin; by default a day before `to`" }),
      to: instant.optional().meta({ description: "End; by default now" }),
      type: z.string().max(200).optional().meta({ description: "Only metrics of this type" }),
      points: z.coerce.number().int().min(1).max(2000).default(300).meta({
        description: "Most points of a series",
      }),
    }),
    responses: {
      200: z.object({
        from: z.string(),
        to: z.string(),
        series: z.array(metricRangeSeries),
        cut: z.boolean().meta({ description: "Whether series are left out" }),
        complete: z.boolean().meta({ description: "Whether the whole range was read" }),
      }).meta({ id: "MetricRange" }),
    },
    problems: [404],
  },
  getMetrics: {
    summary: "Get the metrics that a bot has printed since the service began",
    params: idParams,
    query: z.strictObject({
      type: z.string().max(200).optional().meta({ description: "Only metrics of this type" }),
    }),
    responses: {
      200: z.object({
        counts: z.record(z.string(), z.int()).meta({ description: "Number of metrics by type" }),
        latest: z.record(z.string(), metric).meta({ description: "The last metric of each type" }),
        recent: z.array(metric).meta({ description: "The last metrics of all types, oldest first" }),
      }).meta({ id: "Metrics" }),
    },
    problems: [404],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
