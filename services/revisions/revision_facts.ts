/**
 * The facts that a revision records about a document. Pure.
 *
 * @module
 */

import { specHash } from "../../lib/runner/spec_hash.ts";
import { parseExactJson, stringifyExactJson } from "../../lib/util/exact_json.ts";
import { BERTH_KEY } from "../documents/berth_settings.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { deployedFacts } from "../documents/deployed_facts.ts";
import { field, type Fields, isObject } from "../documents/document_fields.ts";
import type { RevisionFacts } from "./revision.ts";

/** The forms of a reference to a secret. Anything else may be a secret by mistake. */
const SECRET_REFERENCE = /^(file|env|age|vault):[^\0]{1,500}$/;
/** Longest text that is noted, in characters. */
const MAX_TEXT = 1024;
/** Larger documents are not kept, in characters of JSON. */
const MAX_DOCUMENT_CHARS = 4 * 1024 * 1024;

/**
 * Reads the facts of a document, which need not be valid.
 *
 * @param document The document.
 */
export function factsOf(document: BotDocument): RevisionFacts {
  const custom = objectIn(document, "custom");
  const code = objectIn(custom, "config");
  const found = deployedFacts(custom);
  const { [BERTH_KEY]: berth, enabled: _enabled, ...own } = objectIn(document, "config");
  const settings = isObject(berth) ? berth : {};
  const texts = {
    version: textIn(custom, "version"),
    filePath: textIn(custom, "filePath"),
    runtime: textIn(code, "runtime"),
    archiveSha256: textIn(found, "archiveSha256"),
    image: textIn(found, "image") ?? textIn(objectIn(found, "image"), "reference"),
    schedule: textIn(own, "schedule"),
  };
  const dependencies = Object.values(objectIn(found, "dependencies")).flatMap((built) =>
    isObject(built) ? textIn(built, "key") ?? [] : []
  );
  const secrets = Object.entries(objectIn(settings, "secrets")).filter(([, from]) =>
    typeof from === "string" && SECRET_REFERENCE.test(from)
  );
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
    ...(dependencies.length > 0 && { dependencies }),
    configHash: hashOf({ own }),
    ...(Object.keys(settings).length > 0 && { settingsHash: hashOf({ settings }) }),
    ...(secrets.length > 0 && { secrets: Object.fromEntries(secrets) as Record<string, string> }),
  };
}

/**
 * Hashes what a revision stands for: configuration, code, segment. Whether the bot is enabled, and the times that
 * writers note, do not count; neither do fields of other programs.
 *
 * @param document The document.
 */
export function contentHashOf(document: BotDocument): string {
  const { enabled: _enabled, ...config } = objectIn(document, "config");
  const { createdAt: _created, updatedAt: _updated, ...custom } = objectIn(document, "custom");
  const text = textIn(document, CONFIG_TEXT, Infinity);
  return hashOf({ config, custom, text, segment: field(document, "segment_id") ?? 0 });
}

/**
 * Writes a document as text. Dates become ISO strings; integers keep their digits.
 *
 * @param document The document.
 * @returns `undefined` if the document is too large to be kept.
 */
export function documentText(
  { next_execution_time: _time, _id, ...document }: BotDocument,
): string | undefined {
  const text = stringifyExactJson(document);
  return text.length > MAX_DOCUMENT_CHARS ? undefined : text;
}

/** Hashes values of any program: dates count as their ISO strings. */
function hashOf(values: Fields): string {
  return specHash(parseExactJson(stringifyExactJson(values)) as Record<string, unknown>);
}

function objectIn(object: Fields, name: string): Fields {
  const value = field(object, name);
  return isObject(value) ? value : {};
}

function textIn(object: Fields, name: string, max = MAX_TEXT): string | undefined {
  const value = field(object, name);
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" && text.length <= max ? text : undefined;
}
