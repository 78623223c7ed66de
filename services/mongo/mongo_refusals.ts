/**
 * Changes that the database could not store: each stays known until its document is changed.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { BotDocument } from "../documents/bot_repository.ts";
import { isEnabled } from "../documents/enabled.ts";
import { isObject } from "../documents/document_fields.ts";
import { MAX_DOCUMENT_DEPTH } from "../documents/nesting.ts";
import { unreadableDocument } from "../documents/unreadable_document.ts";

/** A change that was refused, as it is stored beside the position of its document. */
export interface MongoRefusal {
  /** Why, without the content of the document. */
  readonly reason: string;
  /** Whether the document that could not be stored says that its bot should run. */
  readonly enabled: boolean;
  /** The segment of that document, where it has one. */
  readonly segment_id?: unknown;
  /** Fingerprint of the document that is stored instead; an empty string where there is none. */
  readonly instead: string;
}

/**
 * Describes a change that was refused.
 *
 * @param reason Why it was.
 * @param wanted The document that it would have made.
 * @param current The document that is stored.
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
 * The document that stands for one whose change was refused.
 *
 * @param id Its id.
 * @param refusal What was refused; absent when nothing was.
 * @param stored The document that is stored.
 * @returns `stored`, when nothing was refused or another program has written it since.
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

/** The time of a schedule's next slot changes by itself. */
function fingerprint(document: BotDocument | undefined): string {
  if (!document) return "";
  const { next_execution_time: _, ...rest } = document;
  const text = JSON.stringify(rest, (_key, value) => typeof value === "bigint" ? `${value}n` : value);
  return createHash("md5").update(text).digest("base64");
}

/** The first field whose name begins with `$`, with the names that lead to it. */
function dollarPath(value: unknown, path = "", depth = 0): string | undefined {
  if (depth > MAX_DOCUMENT_DEPTH || !isObject(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    const found = name.startsWith("$") ? at.slice(0, 200) : dollarPath(inner, at, depth + 1);
    if (found !== undefined) return found;
  }
}
