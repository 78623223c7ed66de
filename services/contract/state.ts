/**
 * Requests and responses of the operations on the states of bots.
 *
 * @module
 */

import { z } from "zod";
import { botId, idParams, type OperationContract, time } from "./common.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must have 64 hexadecimal digits");

/** Name of a snapshot, or its beginning. */
export const snapshotRef = z.string().regex(
  /^\d{4,8}(T\d{0,9}Z?)?$/,
  "must be the time of a snapshot, such as 20260131T120000000Z, or its beginning",
).meta({
  description: "Name of a snapshot, which is its time, or the beginning of it that no other one has",
  example: "20260131T120000000Z",
});

/** A snapshot of a bot's state. */
export const stateSnapshot = z.object({
  name: z.string().meta({ description: "Its time", example: "20260131T120000000Z" }),
  at: time,
  reason: z.enum(["stop", "new-version", "interval", "request", "before-restore"]).meta({
    description: "Why it was made",
  }),
  consistency: z.enum(["clean", "crash"]).meta({
    description: "`clean`: the bot did not run; `crash`: it ran, and files may be of different moments",
  }),
  version: z.string().meta({ description: "Version of the code that wrote the state" }),
  files: z.int(),
  bytes: z.int().meta({ description: "Size of all files" }),
  archiveBytes: z.int().meta({ description: "Size of the archive" }),
  sha256: sha256.meta({ description: "SHA-256 of the archive" }),
  isStored: z.boolean().meta({
    description: "Whether the object store has it; if not, it waits on the host",
  }),
}).meta({ id: "StateSnapshot" });

/** A snapshot of a bot's state. */
export type StateSnapshot = z.infer<typeof stateSnapshot>;

/** The state of a bot. */
export const botState = z.object({
  id: botId,
  folder: z.string().optional().meta({
    description: "Folder on the service's host; absent if there is none there",
  }),
  node: z.string().optional().meta({ description: "Node of the cluster that has the newest state" }),
  bytes: z.int().optional().meta({ description: "Its size on the disk" }),
  maxBytes: z.int().meta({ description: "The size that it may have" }),
  isPending: z.boolean().meta({ description: "Whether a restore waits for the next start" }),
  snapshots: z.array(stateSnapshot).meta({ description: "The newest first" }),
}).meta({ id: "BotState" });

/** The state of a bot. */
export type BotState = z.infer<typeof botState>;

/** The answer to a restore. */
export const restoredState = z.object({
  id: botId,
  snapshot: z.string().optional().meta({ description: "Name of the snapshot; absent for another source" }),
  isPending: z.boolean().meta({
    description: "Whether the restored state takes its place only at the next start of the bot",
  }),
}).meta({ id: "RestoredState" });

/** The answer to a restore. */
export type RestoredState = z.infer<typeof restoredState>;

/** The operations on states. */
export const STATE_CONTRACT = {
  getState: {
    summary: "Describe the state of a bot, with its snapshots",
    params: idParams,
    responses: { 200: botState },
    problems: [404],
  },
  getStateContent: {
    summary: "Download the state of a bot, or a snapshot of it",
    description: "A tar archive, compressed by gzip. Its first entry, `.berth-state.json`, says whose it is.",
    params: idParams,
    query: z.strictObject({ snapshot: snapshotRef.optional() }),
    responses: { 200: "binary" },
    problems: [404, 409, 422, 507],
  },
  putStateContent: {
    summary: "Replace the state of a bot",
    description:
      "The body is a tar archive, compressed by gzip. Otherwise as a restore. An archive that says that it is of another " +
      "bot is refused.",
    params: idParams,
    query: z.strictObject({ sha256: sha256.meta({ description: "SHA-256 of the body" }) }),
    body: "binary",
    responses: { 200: restoredState },
    problems: [404, 408, 409, 413, 422, 507],
  },
  snapshotState: {
    summary: "Make a snapshot of the state of a bot",
    description: "Answers once the object store has it.",
    params: idParams,
    responses: { 201: stateSnapshot },
    problems: [404, 409, 422, 507],
  },
  restoreState: {
    summary: "Restore the state of a bot",
    description:
      "Stops the bot, puts the snapshot in the place of its state, and starts it again. The state that is replaced " +
      "becomes a snapshot. A run of a schedule ends by itself first.",
    params: idParams,
    body: z.strictObject({
      snapshot: snapshotRef.optional().meta({ description: "Which; absent for the newest" }),
      empty: z.boolean().default(false).meta({ description: "Begin with an empty state instead" }),
    }),
    responses: { 200: restoredState },
    problems: [404, 409, 422, 507],
  },
} as const satisfies Readonly<Record<string, OperationContract>>;
