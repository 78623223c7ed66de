/**
 * Requests and responses of the operations on backtests.
 *
 * @module
 */

import { z } from "zod";
import { codeVersion } from "./code.ts";
import { botId, next, type OperationContract, pageQuery, time } from "./common.ts";
import { runLogQuery } from "./runs.ts";

/** States of a backtest. `queued` and `running` are open, the others final. */
export const BACKTEST_STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;

const backtestParams = z.strictObject({
  id: z.string().regex(/^\d{8}t\d{9}-[0-9a-f]{8}$/, "must be an id that 'berth backtests' shows").meta({
    description: "Id of a backtest, which begins with the time of the request",
    example: "20260131t120000123-3fa9c1d2",
  }),
});

/** A backtest to run. */
export const backtestRequest = z.strictObject({
  bot: botId,
  version: codeVersion.optional().meta({
    description: "Version of the stored code; the one that was stored last counts. Absent: the deployed code",
  }),
  // deno-lint-ignore no-control-regex
  filePath: z.string().min(1).max(1024).regex(/^[^\x00-\x1f\x7f]*$/, "must not contain control characters")
    .optional().meta({ description: "Key of the archive in the code bucket, instead of `version`" }),
  config: z.string().max(2 * 1024 * 1024).optional().meta({
    description: "The configuration as JSON in a string. Absent: that of the bot",
    example: '{"symbol": "BTC-USD", "limit": 1.0}',
  }),
}).meta({ id: "BacktestRequest" });

/** A backtest. */
export const backtest = z.object({
  id: z.string(),
  bot: botId,
  state: z.enum(BACKTEST_STATES),
  reason: z.string().optional().meta({ description: "Why it is in this state" }),
  requestedBy: z.string(),
  cancelledBy: z.string().optional(),
  version: z.string().optional(),
  filePath: z.string(),
  runtime: z.string(),
  instance: z.string().optional().meta({ description: "Instance of the service that runs it" }),
  queuedAt: time,
  startedAt: time.optional(),
  finishedAt: time.optional(),
  durationMs: z.number().optional().meta({ description: "Time from start to end, in ms" }),
  exitCode: z.int().optional().meta({ description: "Exit code: 128 + n for signal n" }),
  containerName: z.string().optional(),
  resultStatus: z.string().optional().meta({
    description: "`stored`, or why there is no usable result: missing, too-large, not-a-file, invalid-json",
  }),
}).meta({ id: "Backtest" });

/** A backtest. */
export type Backtest = z.infer<typeof backtest>;

/** The operations on backtests. */
export const BACKTESTS_CONTRACT = {
  startBacktest: {
    summary: "Put a backtest into the queue",
    description:
      "Runs the entrypoint `backtest` of a bot's stored code. A bounded number runs at once, the others wait " +
      "in the order of their requests.",
    body: backtestRequest,
    responses: { 202: backtest },
    problems: [404, 409, 422, 429, 503],
  },
  listBacktests: {
    summary: "List the backtests",
    description: "The latest request comes first.",
    query: z.strictObject({
      ...pageQuery,
      bot: botId.optional(),
      state: z.enum(BACKTEST_STATES).optional(),
    }),
    responses: { 200: z.object({ backtests: z.array(backtest), next }).meta({ id: "BacktestList" }) },
  },
  getBacktest: {
    summary: "Get a backtest",
    params: backtestParams,
    responses: { 200: backtest },
    problems: [404],
  },
  getBacktestLog: {
    summary: "Read the log of a backtest",
    description: "One JSON object a line, `{time, stream, text, run}`, of this backtest alone.",
    params: backtestParams,
    query: runLogQuery,
    responses: { 200: "ndjson" },
    problems: [404],
  },
  getBacktestResult: {
    summary: "Read the result of a backtest",
    description: "The JSON that the program returned, byte for byte.",
    params: backtestParams,
    responses: { 200: z.unknown() },
    problems: [404],
  },
  cancelBacktest: {
    summary: "Cancel a backtest",
    description: "A queued one ends at once, a running one as soon as its program has ended.",
    params: backtestParams,
    responses: { 202: backtest },
    problems: [404, 409, 503],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
