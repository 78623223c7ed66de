/**
 * Requests and responses of the operations on code and deployments.
 *
 * @module
 */

import { z } from "zod";
import { BOT_STATES } from "./bots.ts";
import { botId, idParams, type OperationContract, problem, time } from "./common.ts";

/** One line without control characters. */
const line = (max: number) =>
  // deno-lint-ignore no-control-regex
  z.string().max(max).regex(/^[^\x00-\x1f\x7f]*$/, "must not contain control characters");

/** A version of a bot's code. */
export const codeVersion = line(64).regex(/^[^/\\]+$/, "must be one name without slashes").meta({
  description: "Version that the author gave the code",
  example: "1.0.0",
});

/** First digits of the hash of an archive's content. */
export const codeBuild = z.string().regex(/^[0-9a-f]{16}$/, "must have 16 hexadecimal digits").meta({
  description: "First 16 digits of the SHA-256 of names, modes and contents of an archive",
  example: "3fa9c1d20b7e44ad",
});

/** An archive that the service has. */
export const storedCode = z.object({
  id: botId,
  version: codeVersion,
  build: codeBuild,
  filePath: z.string().meta({ description: "Key in the code bucket, for a deployment" }),
  size: z.int().meta({ description: "Size of the archive in bytes" }),
  storedAt: time,
}).meta({ id: "StoredCode" });

/** An archive that the service has. */
export type StoredCode = z.infer<typeof storedCode>;

/** Archives of a bot. */
export const versionList = z.object({
  versions: z.array(storedCode.extend({
    isCurrent: z.boolean().meta({ description: "Whether it is the one that is deployed" }),
  })).meta({ description: "The newest first" }),
}).meta({ id: "VersionList" });

/** Archives of a bot. */
export type VersionList = z.infer<typeof versionList>;

/** A deployment to make. */
export const deploymentRequest = z.strictObject({
  id: botId,
  filePath: line(1024).min(1).meta({ description: "Key of the archive, as the upload returned it" }),
  name: line(200).meta({ description: "Name of the bot in its folder" }),
  description: z.string().max(10_000).optional(),
  version: codeVersion,
  author: line(200).optional(),
  type: z.enum(["realtime", "scheduled"]).optional(),
  runtime: line(100).meta({ description: "Name of a runtime, such as python3.11" }),
  schedule: line(1000).optional().meta({
    description:
      "Cron expression. With one, this is a schedule; without, a bot that runs until it is stopped",
  }),
  settings: z.record(line(100), z.unknown()).default({}).meta({
    description: "Settings of Berth, for `config.berth`; those in the configuration win",
  }),
  entrypoints: z.strictObject({
    bot: line(1000).optional(),
    backtest: line(1000).optional(),
    query: line(1000).optional(),
  }).default({}).meta({
    description: "Path of each program's script in the archive; only the runtime `image` needs none",
  }),
  config: z.string().max(2 * 1024 * 1024).default("{}").meta({
    description: "The configuration as JSON in a string, so that the bot gets exactly this text",
    example: '{"symbol": "BTC-USD", "limit": 1.0}',
  }),
  enabled: z.boolean().optional().meta({
    description: "Whether it should run. Absent: as before; a new one runs",
  }),
  origin: line(5000).optional().meta({
    description: "Where the folder is, to find other bots that were deployed from it",
  }),
  build: z.boolean().default(true).meta({
    description: "Whether libraries that the archive names and does not bring along are installed",
  }),
  base: z.string().max(100).nullish().meta({
    description:
      "`revision` of the deployment that this one replaces, `null` for none. Absent: whatever there is",
  }),
  watchSeconds: z.int().min(10).max(86_400).optional().meta({
    description:
      "Only for a bot: watch it for this time, and go back to the revision before if it does not run",
  }),
  dryRun: z.boolean().default(false).meta({
    description: "Check and compare, and write nothing; the archive need not be stored",
  }),
}).meta({ id: "DeploymentRequest" });

/** A deployment to make. */
export type DeploymentRequest = z.output<typeof deploymentRequest>;

/** One line of the answer to a build: its output, and at the end its outcome. */
export const buildEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("line"), text: z.string() }),
  z.object({
    type: z.literal("built"),
    needed: z.boolean().meta({ description: "Whether the code needs anything that is built" }),
    lock: z.object({ file: z.string(), text: z.string() }).optional().meta({
      description: "A lock that was made because there was none; it belongs beside the source",
    }),
  }),
  z.object({
    type: z.literal("failed"),
    problem,
    lines: z.array(z.string()).meta({ description: "The lines of the tool that say why" }),
  }),
]).meta({ id: "BuildEvent" });

/** One line of the answer to a build. */
export type BuildEvent = z.infer<typeof buildEvent>;

/** Whether an id is a bot or a schedule. */
const kind = z.enum(["bot", "schedule"]);

/** The progress of a bot's container. */
export const deploymentProgress = z.object({
  state: z.enum(BOT_STATES),
  condition: z.string().meta({ description: "The state in words, with its reason" }),
  isCurrent: z.boolean().meta({
    description: "Whether the state is that of the deployed code and configuration, and not of those before",
  }),
  containerId: z.string().optional(),
  startedAt: time.optional(),
}).meta({ id: "DeploymentProgress" });

/** The progress of a bot's container. */
export type DeploymentProgress = z.infer<typeof deploymentProgress>;

/** The deployment of an id. */
export const deployment = z.object({
  id: botId,
  kind,
  enabled: z.boolean().meta({ description: "Whether it should run, by document and configuration" }),
  version: z.string().optional(),
  filePath: z.string().optional(),
  revision: z.string().meta({ description: "Changes with every deployment" }),
}).meta({ id: "Deployment" });

/** The state of the watch over a deployment. */
export const deploymentWatch = z.object({
  revision: z.int().meta({ description: "Number of the watched revision" }),
  from: time,
  until: time,
  state: z.enum(["watching", "going-back", "well", "went-back", "broken", "overtaken"]).meta({
    description:
      "`well`: it ran to the end. `went-back`: it did not run, and the revision before is back. `broken`: it " +
      "did not run, and there was nothing to go back to. `overtaken`: something else was deployed meanwhile",
  }),
  reason: z.string().optional().meta({ description: "Why it is in this state" }),
  restored: z.int().optional().meta({ description: "Number of the revision that was brought back" }),
}).meta({ id: "DeploymentWatch" });

/** The state of the watch over a deployment. */
export type DeploymentWatchView = z.infer<typeof deploymentWatch>;

/** The deployment of an id, and its progress. */
export const deploymentStatus = deployment.extend({
  watch: deploymentWatch.optional().meta({ description: "The current or the last watch of the bot" }),
  progress: deploymentProgress.optional().meta({
    description: "Absent for a schedule, and for a bot that this process does not look after, or not yet",
  }),
}).meta({ id: "DeploymentStatus" });

/** The deployment of an id, and its progress. */
export type DeploymentStatus = z.infer<typeof deploymentStatus>;

/** The removed objects. */
export const purged = z.object({
  archives: z.int(),
  logs: z.int().meta({ description: "Number of days" }),
  results: z.int(),
  runs: z.int().meta({ description: "Number of records" }),
  revisions: z.int(),
  snapshots: z.int().meta({ description: "Number of snapshots of the state, which is removed with them" }),
}).meta({ id: "Purged" });

/** The answer to a deployment. */
export const deployed = deployment.extend({
  version: z.string(),
  filePath: z.string(),
  configDisables: z.boolean().meta({ description: "Whether only the configuration disables it" }),
  isNew: z.boolean(),
  isUnchanged: z.boolean().meta({ description: "Whether nothing differed, so that nothing was written" }),
  schedule: z.string().optional().meta({
    description: "Cron expression, with the time zone if it is not UTC",
  }),
  nextTimes: z.array(time).optional().meta({ description: "The next times of a schedule" }),
  sameOrigin: z.array(z.string()).meta({
    description: "Enabled bots that were deployed from the same folder under another id",
  }),
  isServed: z.boolean().meta({ description: "Whether this process runs documents of this kind" }),
}).meta({ id: "Deployed" });

/** The answer to a deployment. */
export type Deployed = z.infer<typeof deployed>;

const versionParams = z.strictObject({ id: botId, version: codeVersion });

/** The operations on code and deployments. */
export const CODE_CONTRACT = {
  getCode: {
    summary: "Tell whether an archive is stored",
    params: z.strictObject({ id: botId, version: codeVersion, build: codeBuild }),
    responses: { 200: storedCode },
    problems: [404],
  },
  putCode: {
    summary: "Store an archive",
    description:
      "The body is a ZIP archive. It is checked as a start would check it, and stored whole or not at " +
      "all. An archive is never replaced by another content; storing the same again changes nothing.",
    params: versionParams,
    query: z.strictObject({
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "must have 64 hexadecimal digits").meta({
        description: "SHA-256 of the body",
      }),
    }),
    body: "binary",
    responses: { 200: storedCode, 201: storedCode },
    problems: [408, 409, 413, 422, 507],
  },
  pruneCode: {
    summary: "Remove archives and dependencies that nothing needs",
    description:
      "An archive stays while a document, one of the last `keep_revisions` revisions, a container, or an open run or " +
      "backtest names it. Archives that other programs have stored are left alone.",
    body: z.strictObject({
      id: botId.optional().meta({ description: "Only archives of this bot or schedule" }),
      dryRun: z.boolean().default(false).meta({ description: "Only say what would be removed" }),
    }),
    responses: {
      200: z.object({
        objects: z.array(z.object({
          key: z.string().meta({ description: "Key in the code bucket" }),
          size: z.int().meta({ description: "Size in bytes" }),
        })),
        bytes: z.int().meta({ description: "Sum of the sizes" }),
      }).meta({ id: "Pruned" }),
    },
  },
  listVersions: {
    summary: "List the stored versions of a bot or a schedule",
    params: idParams,
    responses: { 200: versionList },
  },
  getDeployment: {
    summary: "Tell what is deployed under an id",
    params: idParams,
    responses: { 200: deploymentStatus },
    problems: [404],
  },
  buildDependencies: {
    summary: "Build the libraries of a stored archive, and translate its TypeScript",
    description:
      "One JSON object a line: `{type: line, text}` for what the build prints, then `{type: built}` or " +
      "`{type: failed}`. The build is kept, so that the deployment that follows finds it; a deployment " +
      "without it builds by itself.",
    body: deploymentRequest,
    responses: { 200: "ndjson" },
    problems: [409, 422],
  },
  deploy: {
    summary: "Deploy a stored archive as a bot or a schedule",
    description:
      "Happens whole or not at all. A disabled bot stays disabled, unless `enabled` is set. Archives that none of " +
      "the last `keep_revisions` revisions needs are removed.",
    body: deploymentRequest,
    responses: { 200: deployed, 201: deployed },
    problems: [409, 422],
  },
  purge: {
    summary: "Remove what is left of a removed bot or schedule",
    description:
      "Removes its archives, logs, results, run records and state for good, once its document and its containers are gone.",
    params: idParams,
    responses: { 200: purged },
    problems: [409],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
