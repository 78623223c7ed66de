/**
 * Describes revisions for people.
 *
 * @module
 */

import type { RevisionDiff, RevisionView } from "../../services/contract/revisions.ts";
import { ago } from "./bot_tables.ts";
import { clip, formatTable } from "./table.ts";
import { printable } from "./terminal.ts";

/**
 * Lists revisions.
 *
 * @param revisions The revisions.
 * @param now Current time in ms since the epoch.
 * @returns One line for each, after the headings.
 */
export function revisionTable(revisions: readonly RevisionView[], now: number): string[] {
  const rows = revisions.map((revision) => [
    String(revision.number),
    `${ago(revision.at, now)} ago`,
    writerOf(revision),
    triggerWords(revision),
    revision.version ?? "-",
    clip(revision.changes.join(", ") || "-"),
    stateOf(revision),
  ]);
  const head = ["REV", "WHEN", "WHO", "WHY", "VERSION", "CHANGED", "STATE"];
  return formatTable([head, ...rows.map((row) => row.map(printable))]);
}

/** Reports who wrote a revision. @param revision The revision. */
export function writerOf({ actor, trigger }: Pick<RevisionView, "actor" | "trigger">): string {
  return actor ?? (trigger === "document" || trigger === "remove" ? "another program" : "-");
}

/** Explains why there is a revision. @param revision The revision. */
export function triggerWords({ trigger, restores }: Pick<RevisionView, "trigger" | "restores">): string {
  const to = restores === undefined ? "" : ` to ${restores}`;
  return trigger === "watch" ? `went back${to}` : `${trigger}${to}`;
}

/**
 * Shows how two revisions differ.
 *
 * @param diff The difference.
 * @param now Current time in ms since the epoch.
 */
export function diffLines({ id, from, to, values, files, problems }: RevisionDiff, now: number): string[] {
  const lines = [`${id}: ${headOf(from, now)} to ${headOf(to, now)}`];
  if (values.length > 0) lines.push("", "Document", ...values.map((value) => `  ${valueLine(value)}`));
  if (files.length > 0) lines.push("", "Code", ...files.map((file) => `  ${fileLine(file)}`));
  for (const { patch } of files) if (patch !== undefined) lines.push("", ...patchLines(patch));
  if (problems.length > 0) lines.push("", "Unknown", ...problems.map((problem) => `  ${problem}`));
  return lines.length > 1 ? lines : [...lines, "They do not differ."];
}

function headOf(revision: RevisionView, now: number): string {
  const { number, version } = revision;
  const what = version === undefined ? "" : `version ${version}, `;
  return `revision ${number} (${what}${triggerWords(revision)} by ${writerOf(revision)}, ${
    ago(revision.at, now)
  } ago)`;
}

function valueLine({ path, before, after, isHidden }: RevisionDiff["values"][number]): string {
  if (isHidden) return `${path}: changed; the value is not shown`;
  if (before === undefined) return `${path}: ${after} (new)`;
  return after === undefined ? `${path}: ${before} (removed)` : `${path}: ${before} -> ${after}`;
}

function fileLine({ path, change, sizeBefore, sizeAfter }: RevisionDiff["files"][number]): string {
  const sizes = [sizeBefore, sizeAfter].filter((size) => size !== undefined);
  return `${change.padEnd(8)} ${path}  ${sizes.join(" -> ")} bytes`;
}

/** Without the line that the library draws above the names. */
function patchLines(patch: string): string[] {
  return patch.split("\n").filter((line, at) => !(at === 0 && /^=+$/.test(line)) && line !== "");
}

function stateOf({ isCurrent, isRunning, missing }: RevisionView): string {
  const states = [...(isCurrent ? ["deployed"] : []), ...(isRunning ? ["running"] : [])];
  if (missing !== undefined) states.push(isCurrent ? missing : `no way back: ${missing}`);
  return states.join(", ");
}
