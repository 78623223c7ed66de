/**
 * Requests and responses of the operations on bots.
 *
 * @module
 */

import { z } from "zod";
import { botId, document, idParams, next, type OperationContract, pageQuery, time } from "./common.ts";
import { shownGuard, shownLatch, shownRelease } from "./guards.ts";
import { containerLimits } from "./limits.ts";
import { botSession } from "./trading_sessions.ts";

/**
 * Types of a bot's condition. `completed`: it ended well, and is not started again by itself. `unknown`: no pass over the
 * bot was made yet.
 */
export const BOT_STATES = [
  "running",
  "ready",
  "silent",
  "unhealthy",
  "paused",
  "starting",
  "stopping",
  "completed",
  "backing-off",
  "invalid",
  "image-missing",
  "waiting",
  "disabled",
  "held",
  "blocked",
  "latched",
  "outside-session",
  "failed",
  "unknown",
] as const;

/** A bot in a list. */
export const botSummary = z.object({
  id: botId,
  enabled: z.boolean(),
  state: z.enum(BOT_STATES),
  condition: z.string().meta({ description: "The state in words, with its reason" }),
  since: time.optional().meta({ description: "Since when the bot is in this state" }),
  until: time.optional().meta({ description: "When the service tries again" }),
  version: z.string().optional(),
  runtime: z.string().optional(),
  attempt: z.int().optional().meta({ description: "Number of starts in a row" }),
  startedAt: time.optional(),
  containerId: z.string().optional(),
  node: z.string().optional().meta({ description: "Node that it runs on; only on a cluster" }),
  statusText: z.string().optional().meta({ description: "Status that the bot has set itself" }),
  labels: z.record(z.string(), z.string()).optional(),
  guards: z.array(shownGuard).optional().meta({ description: "Absent if it has none" }),
  notes: z.array(z.string()).optional().meta({ description: "Warnings about the document" }),
}).meta({ id: "BotSummary" });

/** A bot in a list. */
export type BotSummary = z.infer<typeof botSummary>;

/** The revision that a bot or a schedule is at. */
export const revisionSummary = z.object({
  number: z.int(),
  at: time,
  trigger: z.string().meta({ description: "Why it was written: see listRevisions" }),
  actor: z.string().optional().meta({ description: "Author of the change; absent for another program" }),
}).meta({ id: "RevisionSummary" });

/** A start of a bot's container: what was started, and why. */
export const botStart = z.object({
  at: time,
  attempt: z.int().meta({ description: "Number of starts in a row, this one included" }),
  trigger: z.string().meta({
    description:
      "Why: that of the revision if it is its first start, else `enable`, `restart`, `retry` after an end, or " +
      "`service` if no container was found",
  }),
  actor: z.string().optional().meta({ description: "Person or program that caused it; absent if none did" }),
  revision: z.int().optional(),
  version: z.string().optional(),
  archiveSha256: z.string().optional(),
  dependencies: z.array(z.string()).optional(),
  image: z.string().optional().meta({ description: "The pinned image" }),
  configHash: z.string().optional(),
  settingsHash: z.string().optional(),
  secrets: z.record(z.string(), z.string()).optional().meta({
    description: "Where each secret comes from; never its value",
  }),
  berth: z.string().meta({ description: "Version of Berth" }),
}).meta({ id: "BotStart" });

/** An end of a bot's container. */
export const botExit = z.object({
  at: time,
  startedAt: time,
  attempt: z.int().meta({ description: "Number of starts in a row, including its own" }),
  exitCode: z.int().optional().meta({ description: "128 + n for signal n; absent if unknown" }),
  reason: z.string().meta({
    description: "Why it ended, in words; `stopped: …` if the service stopped it",
  }),
  lastLines: z.array(z.string()).meta({ description: "The last lines that the bot printed before" }),
  start: botStart.optional().meta({ description: "Its start; absent if it is not known any more" }),
}).meta({ id: "BotExit" });

/** A start of a bot's container. */
export type BotStart = z.infer<typeof botStart>;

/** An end of a bot's container. */
export type BotExit = z.infer<typeof botExit>;

/** How the watchdog looks after a bot. */
export const botHealth = z.object({
  maxSilenceSeconds: z.int().optional().meta({ description: "Absent if silence is not judged" }),
  signal: z.enum(["output", "metric", "heartbeat"]).meta({
    description: "Kind of output that counts as a signal",
  }),
  metric: z.string().optional().meta({ description: "The only metric that counts" }),
  command: z.array(z.string()).optional().meta({
    description: "Command that succeeds in a healthy bot's container",
  }),
  intervalSeconds: z.int(),
  timeoutSeconds: z.int(),
  startGraceSeconds: z.int(),
  limit: z.int().meta({ description: "Failures of the command in a row that make the bot unhealthy" }),
  action: z.enum(["alert", "restart"]),
}).meta({ id: "BotHealth" });

/** One bot with all that is known of it. */
export const bot = botSummary.extend({
  document: document.optional().meta({ description: "Absent if only a container is left of the bot" }),
  lastOutput: time.optional().meta({
    description: "When the bot printed its latest line; absent if it printed none, or the log cannot be read",
  }),
  restart: z.enum(["always", "on-failure", "no"]).optional().meta({
    description: "Whether it is started again after it has ended; absent if the document is invalid",
  }),
  health: botHealth.optional().meta({ description: "Absent if the watchdog does not look after it" }),
  accounts: z.array(z.string()).optional().meta({
    description: "Accounts at exchanges that it holds while it runs; absent if it needs none",
  }),
  session: botSession.optional().meta({ description: "Absent if it may run at any time" }),
  limits: containerLimits.optional().meta({ description: "Absent if the document is invalid" }),
  revision: revisionSummary.optional().meta({
    description: "The latest revision; absent before it is noted",
  }),
  start: botStart.optional().meta({ description: "The start of the running container, if it is known" }),
  latches: z.array(shownLatch).optional().meta({
    description: "Guards that have tripped and hold; absent if none",
  }),
  releases: z.array(shownRelease).optional().meta({ description: "The last release of each guard" }),
  exits: z.array(botExit).meta({ description: "The last ends of its containers, the newest first" }),
  advice: z.string().optional().meta({ description: "Advice, if something has to be done" }),
}).meta({ id: "Bot" });

/** One bot. */
export type Bot = z.infer<typeof bot>;

/** The answer to a change. */
export const changedBot = z.object({
  id: botId,
  enabled: z.boolean(),
  etag: z.string().optional().meta({ description: "ETag of the document after the change" }),
}).meta({ id: "ChangedBot" });

/** A document that runs. */
const EXAMPLE = {
  enabled: false,
  config: { symbol: "BTC-USD" },
  custom: {
    version: "1.0.0",
    filePath: "my-bot/1.0.0",
    config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
  },
};

/** The operations on bots. */
export const BOTS_CONTRACT = {
  listBots: {
    summary: "List the bots",
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(BOT_STATES).optional(),
      label: z.string().max(200).optional().meta({ description: "`name=value`, or `name` for any value" }),
      text: z.string().max(200).optional().meta({ description: "Part of the id, ignoring case" }),
    }),
    responses: {
      200: z.object({
        bots: z.array(botSummary),
        next,
        trouble: z.string().optional().meta({
          description: "Why the service cannot look after its bots now: the list shows what it knew last",
        }),
      }).meta({ id: "BotList" }),
    },
  },
  getBot: {
    summary: "Get a bot with its document",
    params: idParams,
    responses: { 200: bot },
    problems: [404],
  },
  putBot: {
    summary: "Write the document of a bot",
    description: "Fields that the document does not contain stay. `If-Match` makes the write conditional.",
    params: idParams,
    body: document.meta({ examples: [EXAMPLE] }),
    responses: { 200: changedBot, 201: changedBot },
    problems: [409, 412, 422],
  },
  deleteBot: {
    summary: "Remove a bot",
    description: "Stops the bot. Its archives, logs and results stay until they are purged.",
    params: idParams,
    responses: { 204: "none" },
    problems: [404, 412],
  },
  enableBot: {
    summary: "Enable a bot",
    params: idParams,
    responses: { 200: changedBot },
    problems: [404, 412],
  },
  disableBot: {
    summary: "Disable a bot",
    params: idParams,
    responses: { 200: changedBot },
    problems: [404, 412],
  },
  restartBot: {
    summary: "Stop a bot's container and start a new one",
    description:
      "A bot that waits for its next start is started at once. The answer does not wait for the start.",
    params: idParams,
    responses: { 202: changedBot },
    problems: [404, 409],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
