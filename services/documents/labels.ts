/**
 * Reads the labels of a bot, by which people group bots and lists filter them.
 *
 * @module
 */

import { field, type Fields, isObject, typeName } from "./document_fields.ts";

/** Labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** Largest number of labels, and longest name and value, in characters. */
const LIMITS = { count: 32, name: 63, value: 200 } as const;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_./-]*$/;

/** Labels, and what is wrong with some of them. */
export interface ReadLabels {
  /** Those that can be used; absent if there are none. */
  readonly labels?: Labels;
  /** One line for each that is ignored. */
  readonly notes: readonly string[];
}

/**
 * Reads the labels. A label never keeps a bot from running: one that cannot be used is ignored.
 *
 * @param berth The settings of `config.berth`.
 */
export function readLabels(berth: Fields): ReadLabels {
  const given = field(berth, "labels") ?? undefined;
  if (given === undefined) return { notes: [] };
  if (!isObject(given)) {
    return { notes: [`config.berth.labels: must be an object (is ${typeName(given)}) and is ignored`] };
  }
  const labels: [string, string][] = [];
  const notes: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const problem = labels.length === LIMITS.count
      ? `is one more than ${LIMITS.count} labels`
      : problemOf(name, value);
    if (problem === undefined) labels.push([name, value as string]);
    else notes.push(`config.berth.labels.${JSON.stringify(name.slice(0, 60))}: ${problem} and is ignored`);
  }
  return { notes, ...(labels.length > 0 && { labels: Object.fromEntries(labels) }) };
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!NAME.test(name) || name.length > LIMITS.name || name === "__proto__") {
    return `has a name that is not 1 to ${LIMITS.name} letters, digits, '_', '.', '/' or '-'`;
  }
  if (typeof value !== "string") return `must be a string (is ${typeName(value)})`;
  return value.length > LIMITS.value ? `is longer than ${LIMITS.value} characters` : undefined;
}
