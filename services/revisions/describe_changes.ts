/**
 * Describes what a revision changed. Pure.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { Revision, RevisionFacts } from "./revision.ts";

const WORDS: readonly (readonly [keyof RevisionFacts, string])[] = [
  ["runtime", "runtime"],
  ["dependencies", "dependencies"],
  ["image", "image"],
  ["schedule", "schedule"],
  ["secrets", "secrets"],
  ["configHash", "configuration"],
  ["settingsHash", "settings"],
];

/**
 * Names what differs between a revision and the one before.
 *
 * @param revision The revision.
 * @param before The one before; `undefined` if there is none, or it is not kept any more.
 * @returns For example `["version 1.0.0 to 1.1.0", "configuration"]`.
 */
export function describeChanges(revision: Revision, before: Revision | undefined): string[] {
  if (revision.trigger === "remove") return ["removed"];
  if (!before) return revision.number === 1 ? ["the first"] : [];
  if (before.trigger === "remove") return ["written again"];
  if (before.kind !== revision.kind) return [`a ${revision.kind} now`];
  const isSameVersion = revision.version === before.version;
  const isSameCode = revision.filePath === before.filePath && revision.archiveSha256 === before.archiveSha256;
  const words = isSameVersion
    ? isSameCode ? [] : ["code"]
    : [`version ${before.version ?? "none"} to ${revision.version ?? "none"}`];
  for (const [name, word] of WORDS) {
    // The cron expression is a part of the configuration.
    if (name === "configHash" && words.includes("schedule")) continue;
    if (!isDeepStrictEqual(revision[name], before[name])) words.push(word);
  }
  return words.length > 0 ? words : ["other fields"];
}
