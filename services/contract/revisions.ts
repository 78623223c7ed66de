/**
 * Requests and responses of the operations on revisions.
 *
 * @module
 */

import { z } from "zod";
import { botId, document, idParams, type OperationContract, time } from "./common.ts";

/** Number of a revision. */
const number = z.int().min(1).max(99_999_999).meta({ description: "Number of the revision, from 1" });

/** The same in a path or a query. */
const numberText = z.coerce.number().int().min(1).max(99_999_999).meta({
  description: "Number of a revision",
});

/** A revision. */
export const revision = z.object({
  number,
  at: time.meta({ description: "When it was written, or noted if another program wrote it" }),
  kind: z.enum(["bot", "schedule"]),
  trigger: z.enum(["deploy", "rollback", "watch", "write", "document", "remove"]).meta({
    description:
      "`watch`: a watched deployment went back by itself. `write`: the document was written through the " +
      "API. `document`: another program wrote it",
  }),
  actor: z.string().optional().meta({ description: "Author of the change; absent for another program" }),
  restores: number.optional().meta({ description: "Number of the revision that it brought back" }),
  berth: z.string().optional().meta({ description: "Version of Berth" }),
  version: z.string().optional().meta({ description: "Version of the code" }),
  filePath: z.string().optional().meta({ description: "Key of the archive in the code bucket" }),
  runtime: z.string().optional(),
  archiveSha256: z.string().optional(),
  dependencies: z.array(z.string()).optional().meta({ description: "Keys of what was built for the code" }),
  image: z.string().optional().meta({ description: "The pinned image" }),
  configHash: z.string().optional(),
  settingsHash: z.string().optional().meta({ description: "Hash of the settings of Berth" }),
  schedule: z.string().optional().meta({ description: "The cron expression of a schedule" }),
  secrets: z.record(z.string(), z.string()).optional().meta({
    description: "Where each secret comes from; never its value",
  }),
  changes: z.array(z.string()).meta({ description: "Differences from the revision before, in words" }),
  isCurrent: z.boolean().meta({ description: "Whether it is the one that is deployed" }),
  isRunning: z.boolean().meta({ description: "Whether the running container was started from it" }),
  missing: z.string().optional().meta({
    description: "Why nobody can go back to it; absent if that is possible",
  }),
}).meta({ id: "Revision" });

/** A revision. */
export type RevisionView = z.infer<typeof revision>;

/** A file that differs between two archives. */
export const fileChange = z.object({
  path: z.string(),
  change: z.enum(["added", "removed", "changed"]),
  sizeBefore: z.int().optional().meta({ description: "In bytes" }),
  sizeAfter: z.int().optional().meta({ description: "In bytes" }),
  patch: z.string().optional().meta({
    description: "The changed lines as a unified diff; absent if it is no text, or a long one",
  }),
}).meta({ id: "FileChange" });

/** A file that differs between two archives. */
export type FileChange = z.infer<typeof fileChange>;

/** How two revisions differ. */
export const revisionDiff = z.object({
  id: botId,
  from: revision,
  to: revision,
  values: z.array(z.object({
    path: z.string().meta({ description: "Place in the document", example: "config.berth.labels.team" }),
    before: z.string().optional().meta({ description: "As JSON, shortened; absent if there was none" }),
    after: z.string().optional().meta({ description: "As JSON, shortened; absent if there is none" }),
    isHidden: z.boolean().meta({
      description: "Whether the values are left out, because the name looks like that of a secret",
    }),
  })),
  files: z.array(fileChange),
  problems: z.array(z.string()).meta({ description: "Parts that cannot be compared, and why" }),
}).meta({ id: "RevisionDiff" });

/** How two revisions differ. */
export type RevisionDiff = z.infer<typeof revisionDiff>;

/** The result of a rollback. */
export const rolledBack = z.object({
  id: botId,
  kind: z.enum(["bot", "schedule"]),
  number: number.meta({ description: "Number of the new revision" }),
  restores: number.meta({ description: "Number of the revision that was brought back" }),
  replaces: number.meta({ description: "Number of the revision that was deployed before" }),
  version: z.string().optional(),
  filePath: z.string(),
  enabled: z.boolean().meta({ description: "Whether it should run: as before" }),
  revision: z.string().meta({ description: "Changes with every deployment" }),
  isServed: z.boolean().meta({ description: "Whether this process runs documents of this kind" }),
}).meta({ id: "RolledBack" });

/** The result of a rollback. */
export type RolledBack = z.infer<typeof rolledBack>;

/** The operations on revisions. */
export const REVISIONS_CONTRACT = {
  listRevisions: {
    summary: "List the revisions of a bot or a schedule",
    description:
      "The latest comes first. Each deployment and each other change of a document makes a revision; " +
      "enabling and disabling does not. The last 100 are kept, `keep_revisions` of them with their documents.",
    params: idParams,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(100),
      before: numberText.optional().meta({ description: "Only revisions before this one" }),
    }),
    responses: { 200: z.object({ id: botId, revisions: z.array(revision) }).meta({ id: "RevisionList" }) },
    problems: [404],
  },
  rollback: {
    summary: "Bring an earlier revision back",
    description:
      "Writes its document again, as a new revision. Whether the bot is enabled stays as it is. Everything that " +
      "the revision needs is looked for first.",
    params: idParams,
    body: z.strictObject({
      to: number.optional().meta({
        description:
          "Revision to bring back. Absent: the latest one before the deployed one that differs from it",
      }),
      dryRun: z.boolean().default(false).meta({ description: "Only check" }),
    }),
    responses: { 200: rolledBack },
    problems: [404, 409, 422],
  },
  diffRevisions: {
    summary: "Tell how two revisions differ",
    params: idParams,
    query: z.strictObject({
      from: numberText.meta({ description: "Number of the earlier revision" }),
      to: numberText.optional().meta({ description: "Number of the later revision. Absent: the latest" }),
    }),
    responses: { 200: revisionDiff },
    problems: [404],
  },
  getRevision: {
    summary: "Get a revision with its document",
    params: z.strictObject({ id: botId, number: numberText }),
    responses: {
      200: revision.extend({
        document: document.optional().meta({ description: "Absent if it is not kept any more" }),
      }).meta({ id: "RevisionDocument" }),
    },
    problems: [404],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
