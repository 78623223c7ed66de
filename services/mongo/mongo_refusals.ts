/**
 * Changes that the database could not store. Each is remembered until its document changes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { BotDocument } from "../documents/bot_repository.ts";
import { isEnabled } from "../documents/enabled.ts";
import { isObject } from "../documents/document_fields.ts";
import { MAX_DOCUMENT_DEPTH } from "../documents/nesting.ts";
import { unreadableDocument } from "../documents/unreadable_document.ts";

/** A refused change, as stored beside the position of its document. */
export interface MongoRefusal {
  /** The reason, without the content of the document. */
  readonly reason: string;
  /** Whether the refused document enables its bot. */
  readonly enabled: boolean;
  /** The segment of the refused document, if it has one. */
  readonly segment_id?: unknown;
  /** Fingerprint of the document that is stored instead; empty if there is none. */
  readonly instead: string;
}

/**
 * Describes a refused change.
 *
 * @param reason The reason.
 * @param wanted The document that the change would have produced.
 * @param current The stored document.
 */
export function refusalOf(
  reason: string,
  wanted: BotDocument,
  current: BotDocument | undefined,
): MongoRefusal {
  const path = dollarPath(wanted);
  const hint = path === undefined ? "" : `; its field ${path} begins with '$', which not every server stores`;
  return {
    reason: `it was changed, and the change cannot be stored: ${reason}${hint}`,
    enabled: isEnabled(wanted),
    ...(Object.hasOwn(wanted, "segment_id") && { segment_id: wanted.segment_id }),
    instead: fingerprint(current),
  };
}

/**
 * Returns the document to show after a refused change.
 *
 * @param id Id of the document.
 * @param refusal The refused change, if there is one.
 * @param stored The stored document.
 * @returns `stored`, if nothing was refused or another program has written the document since; else a
 * placeholder.
 */
export function withRefusal(
  id: string,
  refusal: MongoRefusal | undefined,
  stored: BotDocument | undefined,
): BotDocument | undefined {
  if (!refusal || refusal.instead !== fingerprint(stored)) return stored;
  const { reason, enabled, segment_id } = refusal;
  return { ...unreadableDocument(id, reason), enabled, ...(segment_id !== undefined && { segment_id }) };
}

/** Ignores the time of a schedule's next slot, which changes by itself. */
function fingerprint(document: BotDocument | undefined): string {
  if (!document) return "";
  const { next_execution_time: _, ...rest } = document;
  const text = JSON.stringify(rest, (_key, value) => typeof value === "bigint" ? `${value}n` : value);
  return createHash("md5").update(text).digest("base64");
}

/** Finds the first field whose name begins with `$`, and returns its path. */
function dollarPath(value: unknown, path = "", depth = 0): string | undefined {
  if (depth > MAX_DOCUMENT_DEPTH || !isObject(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    const found = name.startsWith("$") ? at.slice(0, 200) : dollarPath(inner, at, depth + 1);
    if (found !== undefined) return found;
  }
}
