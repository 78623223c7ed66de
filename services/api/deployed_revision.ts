/**
 * Identifies what is deployed.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import { specHash } from "../../lib/runner/spec_hash.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { field, isObject } from "../documents/document_fields.ts";

/**
 * Identifies what a deployment has written: other fields of the document, such as those of other programs, do not count.
 *
 * @param document The document.
 */
export function revisionOf(document: BotDocument): string {
  return specHash({ config: document.config, text: document[CONFIG_TEXT], custom: document.custom });
}

/** Returns the key of a document's archive. @param document The document. */
export function filePathOf(document: BotDocument | undefined): string | undefined {
  const custom = document && field(document, "custom");
  const path = isObject(custom) ? field(custom, "filePath") : undefined;
  return typeof path === "string" ? path : undefined;
}

/**
 * Whether the stored document already has everything that a deployment writes, except for the time. Other fields belong
 * to other programs.
 *
 * @param before The stored document.
 * @param now The values that the deployment writes.
 */
export function isSameDeployment(before: BotDocument, now: BotDocument): boolean {
  const written = Object.fromEntries(Object.keys(now).map((name) => [name, field(before, name)]));
  return isDeepStrictEqual(withoutTime(written), withoutTime(now));
}

function withoutTime(document: Record<string, unknown>): unknown {
  const exact = (_key: string, value: unknown) => typeof value === "bigint" ? `${value}n` : value;
  const plain = JSON.parse(JSON.stringify(document, exact));
  if (isObject(plain.custom)) delete (plain.custom as Record<string, unknown>).updatedAt;
  return plain;
}
