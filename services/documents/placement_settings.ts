/**
 * Reads the setting `placement`: on which nodes of a cluster a bot runs.
 *
 * @module
 */

import {
  conditionProblem,
  MAX_PLACEMENT_ENTRIES,
  type Placement,
  spreadProblem,
} from "../../lib/executable/placement.ts";
import { BERTH_KEY } from "./berth_settings.ts";
import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** The names of the lists, each with the check of its entries. */
const LISTS = { constraints: conditionProblem, spread: spreadProblem, prefer: conditionProblem } as const;
const NAMES = Object.keys(LISTS) as readonly (keyof typeof LISTS)[];
/** A Swarm spreads over its nodes by itself. */
const EVERY_NODE = "node";

/**
 * Reads the setting.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns Where the bot runs; `undefined` if any node will do. Meaningless if a problem was added.
 */
export function readPlacement(berth: Fields, problems: string[]): Placement | undefined {
  const given = field(berth, "placement") ?? undefined;
  if (given === undefined) return undefined;
  const place = `config.${BERTH_KEY}.placement`;
  if (!isObject(given)) {
    problems.push(`${place}: must be an object with ${NAMES.join(", ")} (is ${typeName(given)})`);
    return undefined;
  }
  for (const name of Object.keys(given)) {
    if (NAMES.some((known) => known === name)) continue;
    problems.push(`${place}: ${JSON.stringify(name.slice(0, 60))} is not one of ${NAMES.join(", ")}`);
  }
  const placement: Partial<Record<keyof Placement, readonly string[]>> = {};
  for (const name of NAMES) {
    const entries = readList(field(given, name) ?? undefined, `${place}.${name}`, LISTS[name], problems);
    const wanted = name === "spread" ? entries.filter((entry) => entry !== EVERY_NODE) : entries;
    if (wanted.length > 0) placement[name] = wanted;
  }
  return Object.keys(placement).length > 0 ? placement : undefined;
}

/** One entry needs no list. */
function readList(
  value: unknown,
  place: string,
  problemOf: (text: string) => string | undefined,
  problems: string[],
): string[] {
  if (value === undefined) return [];
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (entries.length > MAX_PLACEMENT_ENTRIES) {
    problems.push(`${place}: must have at most ${MAX_PLACEMENT_ENTRIES} entries (has ${entries.length})`);
  }
  return entries.slice(0, MAX_PLACEMENT_ENTRIES).flatMap((entry, index) => {
    const at = Array.isArray(value) ? `${place}[${index}]` : place;
    if (typeof entry !== "string") {
      problems.push(`${at}: must be a string (is ${typeName(entry)})`);
      return [];
    }
    const isEveryNode = problemOf === spreadProblem && entry === EVERY_NODE;
    const problem = isEveryNode ? undefined : problemOf(entry);
    if (problem === undefined) return [entry];
    const also = problemOf === spreadProblem ? ", or node" : "";
    problems.push(`${at}: ${problem}${also} (is ${JSON.stringify(entry.slice(0, 60))})`);
    return [];
  });
}
