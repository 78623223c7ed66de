/**
 * A revision: what a bot or a schedule was from one change of its document to the next, and who changed it.
 *
 * @module
 */

import type { StoredRecord } from "../records/record_store.ts";

/** Causes of a revision. */
const REVISION_TRIGGERS = ["deploy", "rollback", "watch", "write", "document", "remove"] as const;

/**
 * Cause of a revision: a deployment, a rollback that somebody asked for, a rollback by the watch of a deployment, a
 * document written through the API, a document written by another program, or a removal.
 */
export type RevisionTrigger = (typeof REVISION_TRIGGERS)[number];

/** The facts that shape a bot or a schedule. They hold no secret. */
export interface RevisionFacts {
  /** Version of the code, as its author named it. */
  readonly version?: string;
  /** Key of the archive in the code bucket. */
  readonly filePath?: string;
  /** Name of the runtime. */
  readonly runtime?: string;
  /** SHA-256 of the archive. */
  readonly archiveSha256?: string;
  /** Keys of what was built for the code, in the code bucket. */
  readonly dependencies?: readonly string[];
  /** The pinned image. */
  readonly image?: string;
  /** Hash of the bot's own configuration. */
  readonly configHash?: string;
  /** Hash of the settings of Berth. */
  readonly settingsHash?: string;
  /** The cron expression of a schedule. */
  readonly schedule?: string;
  /** Where each secret comes from; never its value. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A revision. */
export interface Revision extends RevisionFacts {
  /** Its number: 1, 2, 3 … of each id. */
  readonly number: number;
  /** The document at that time. */
  readonly kind: "bot" | "schedule";
  /** When it was written. */
  readonly at: Date;
  /** Its cause. */
  readonly trigger: RevisionTrigger;
  /** The caller that wrote it, as the audit names it; absent for another program. */
  readonly actor?: string;
  /** Number of the revision that it brought back. */
  readonly restores?: number;
  /** Version of Berth that noted it. */
  readonly berth?: string;
  /** Hash of everything but `enabled` and the times: the same content makes no new revision. */
  readonly contentHash: string;
  /** The whole document as exact JSON; absent after a removal, and once it can no longer be restored. */
  readonly document?: string;
}

const TEXTS = [
  "version",
  "filePath",
  "runtime",
  "archiveSha256",
  "image",
  "configHash",
  "settingsHash",
  "schedule",
  "actor",
  "berth",
  "document",
] as const;
/** Digits of a number in the id of a record, so that ids sort as the numbers do. */
const DIGITS = 8;

/** Names the record of a revision. @param id Id of the bot or the schedule. @param number The revision's number. */
export function revisionKey(id: string, number: number): string {
  return `${id}/${String(number).padStart(DIGITS, "0")}`;
}

/** Reads the id of a record of a revision. @param key See {@linkcode revisionKey}. */
export function parseRevisionKey(key: string): { readonly id: string; readonly number: number } {
  const at = key.indexOf("/");
  return { id: key.slice(0, at), number: Number(key.slice(at + 1)) };
}

/** Converts a revision to the value of a record. @param revision The revision. */
export function writeRevision({ number: _number, ...revision }: Revision): StoredRecord["value"] {
  return { ...revision, at: revision.at.toISOString() };
}

/**
 * Reads a record. Invalid optional fields count as missing.
 *
 * @param record The record.
 * @returns The revision; `undefined` if the record is damaged.
 */
export function readRevision({ id, value }: Pick<StoredRecord, "id" | "value">): Revision | undefined {
  const { number } = parseRevisionKey(id);
  const { kind, trigger, contentHash, restores, dependencies, secrets } = value;
  const at = new Date(String(value.at));
  const isKnown = (REVISION_TRIGGERS as readonly unknown[]).includes(trigger);
  if (!Number.isSafeInteger(number) || Number.isNaN(at.getTime()) || !isKnown) return undefined;
  if ((kind !== "bot" && kind !== "schedule") || typeof contentHash !== "string") return undefined;
  const texts = TEXTS.filter((name) => typeof value[name] === "string").map((name) => [name, value[name]]);
  return {
    ...Object.fromEntries(texts),
    number,
    kind,
    at,
    trigger: trigger as RevisionTrigger,
    contentHash,
    ...(Number.isSafeInteger(restores) && { restores: Number(restores) }),
    ...(Array.isArray(dependencies) &&
      { dependencies: dependencies.filter((key) => typeof key === "string") }),
    ...(typeof secrets === "object" && secrets !== null && { secrets: secrets as Record<string, string> }),
  };
}
