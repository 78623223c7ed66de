/**
 * Serializes a bot's configuration as JSON.
 *
 * @module
 */

import { exactDigits } from "../../lib/util/exact_json.ts";
import { MAX_DOCUMENT_DEPTH } from "./nesting.ts";

/** Maximum size of a configuration, in bytes of JSON. */
export const MAX_CONFIG_BYTES: number = 512 * 1024;
const MAX_NAME_LENGTH = 60;

/** The JSON string, or why the value has none. */
export type ConfigJson = { readonly text: string } | { readonly problem: string };

/**
 * Serializes a configuration as JSON, and refuses to lose any of it. Dates become ISO strings and `bigint`s
 * their exact digits; `undefined` fields are left out.
 *
 * @param config The configuration.
 * @param name Name of the configuration, for problems.
 * @param written The source text, if it is known to mean the same; returned unchanged.
 * @returns The JSON string, or one line that names the field and never shows its value.
 */
export function configJson(
  config: Readonly<Record<string, unknown>>,
  name: string,
  written?: string,
): ConfigJson {
  const walk: Walk = { name, open: new Set(), left: MAX_CONFIG_BYTES, needsDigits: false };
  const problem = check(config, walk);
  if (problem !== undefined) return { problem };
  const text = written ?? JSON.stringify(config, walk.needsDigits ? exactDigits : undefined);
  const bytes = new TextEncoder().encode(text).length;
  return bytes > MAX_CONFIG_BYTES ? { problem: tooLarge(name) } : { text };
}

interface Walk {
  readonly name: string;
  /** The objects that contain the current value. */
  readonly open: Set<object>;
  /** Lower bound of the characters left, so that even a huge value is refused quickly. */
  left: number;
  /** Whether the configuration contains a `bigint`. */
  needsDigits: boolean;
}

function check(value: unknown, walk: Walk, path = walk.name): string | undefined {
  if ((walk.left -= 2) < 0) return tooLarge(walk.name);
  switch (typeof value) {
    case "string":
      walk.left -= value.length;
      return;
    case "number":
      return Number.isFinite(value) ? undefined : `${path}: is ${value}, which JSON has no number for`;
    case "bigint":
      walk.needsDigits = true;
      return;
    case "function":
    case "symbol":
      return `${path}: is a ${typeof value}, which JSON cannot hold`;
    case "object":
      return value === null ? undefined : checkObject(value, walk, path);
  }
}

function checkObject(value: object, walk: Walk, path: string): string | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? `${path}: is a date that does not exist` : undefined;
  }
  if (!isPlain(value)) return `${path}: is ${typeName(value)}, which JSON cannot hold`;
  if (walk.open.has(value)) return `${path}: contains itself`;
  if (walk.open.size >= MAX_DOCUMENT_DEPTH) {
    return `${walk.name}: is nested more than ${MAX_DOCUMENT_DEPTH} levels deep`;
  }
  walk.open.add(value);
  for (const key of Object.keys(value)) {
    const at = Array.isArray(value) ? `${path}[${key}]` : `${path}.${printable(key)}`;
    const problem = check((value as Record<string, unknown>)[key], walk, at);
    if (problem !== undefined) return problem;
  }
  walk.open.delete(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

function typeName(value: object): string {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
    ? "binary data"
    : `a ${value.constructor?.name}`;
}

/** Shortens and quotes a name, which may contain anything, for one line of a log. */
function printable(key: string): string {
  const shown = key.length > MAX_NAME_LENGTH ? `${key.slice(0, MAX_NAME_LENGTH)}…` : key;
  return /^[\w-]+…?$/.test(shown) ? shown : JSON.stringify(shown);
}

function tooLarge(name: string): string {
  return `${name}: is larger than ${
    MAX_CONFIG_BYTES / 1024
  } KiB as JSON. Put large data into the bot's archive`;
}
