/**
 * Compares two documents value by value. Pure.
 *
 * @module
 */

import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { field, isObject } from "../documents/document_fields.ts";

/** A value that differs. */
export interface ValueChange {
  /** Its place, for example `config.berth.labels.team`. */
  readonly path: string;
  /** The earlier value as JSON, shortened; absent if there was none, or it is hidden. */
  readonly before?: string;
  /** The later value as JSON, shortened; absent if there is none, or it is hidden. */
  readonly after?: string;
  /** Whether the values are hidden, because the name of the key looks like that of a secret. */
  readonly isHidden: boolean;
}

/** Longest value that is shown, in characters. */
const MAX_VALUE = 200;
/** The most values that are listed. */
const MAX_CHANGES = 500;
const SECRET_NAME = /secret|token|passw|passphrase|credential|mnemonic|seed|private|api_?key|(^|[._-])key$/i;
/** Times that writers note; what is enabled is no part of a revision. */
const LEFT_OUT = ["custom.createdAt", "custom.updatedAt", "config.enabled"];

/**
 * Lists the values that differ in configuration and code. The values of keys that look like secrets are not shown.
 *
 * @param before The earlier document.
 * @param after The later document.
 * @returns At most 500 values, in the order of their places.
 */
export function compareDocuments(before: BotDocument, after: BotDocument): ValueChange[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  const changes = paths.filter((path) => old.get(path) !== now.get(path)).slice(0, MAX_CHANGES).map((path) =>
    toChange(path, old.get(path), now.get(path))
  );
  const isRewritten = changes.length === 0 && field(before, CONFIG_TEXT) !== field(after, CONFIG_TEXT);
  return isRewritten ? [{ path: "config, as it is written", isHidden: true }] : changes;
}

function leavesOf(document: BotDocument): Map<string, string> {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: string) => {
    if (LEFT_OUT.includes(path)) return;
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [name, item] of Object.entries(value)) walk(item, path === "" ? name : `${path}.${name}`);
    } else if (value !== undefined) leaves.set(path, stringifyExactJson(value));
  };
  for (const name of ["segment_id", "config", "custom"]) walk(field(document, name), name);
  return leaves;
}

function toChange(path: string, before: string | undefined, after: string | undefined): ValueChange {
  const names = path.split(".").slice(1);
  // A reference says where a secret is, and is none.
  const isReference = path.startsWith("config.berth.secrets.");
  if (!isReference && names.some((name) => SECRET_NAME.test(name))) return { path, isHidden: true };
  return {
    path,
    ...(before !== undefined && { before: shorten(before) }),
    ...(after !== undefined && { after: shorten(after) }),
    isHidden: false,
  };
}

function shorten(text: string): string {
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`;
}
