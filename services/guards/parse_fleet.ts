/**
 * Reads the content of `guards.yaml`: rules on the sum of several bots. A mistake in one leaves the others in use.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { messageOf } from "../../lib/errors.ts";
import { field, isObject, typeName } from "../documents/document_fields.ts";
import { readGuardRule } from "../documents/guard_settings.ts";
import type { FleetRule } from "./fleet_rule.ts";

/** The rules of the file. */
export interface FleetRules {
  /** The rules that can be used. */
  readonly rules: readonly FleetRule[];
  /** One line for each mistake. */
  readonly problems: readonly string[];
}

const MAX_RULES = 100;
const SELECTOR = /^[a-zA-Z0-9][a-zA-Z0-9_./-]{0,62}=/;

/**
 * Reads the rules.
 *
 * @param text Content of the file.
 * @returns Its content; no `rules` if it cannot be read as a whole.
 */
export function parseFleet(text: string): FleetRules | { readonly problems: readonly string[] } {
  let content: unknown;
  try {
    content = parseYaml(text, { maxAliasCount: 10 });
  } catch (error) {
    return { problems: [messageOf(error).split("\n")[0]!] };
  }
  if (content === null || content === undefined) return { rules: [], problems: [] };
  const given = isObject(content) ? field(content, "guards") : undefined;
  if (!Array.isArray(given)) return { problems: ["must be a map with the list 'guards'"] };
  const problems: string[] = [];
  if (given.length > MAX_RULES) problems.push(`guards: only the first ${MAX_RULES} are used`);
  const rules = new Map<string, FleetRule>();
  for (const [index, one] of given.slice(0, MAX_RULES).entries()) {
    const found: string[] = [];
    const note = (path: string, message: string) =>
      found.push(`guards[${index}]${path === "" ? "" : `.${path}`}: ${message}`);
    const rule = readFleetRule(one, note);
    if (rule && rules.has(rule.name)) {
      note("name", `'${rule.name}' is taken; give each guard a name of its own`);
    }
    if (rule && found.length === 0) rules.set(rule.name, rule);
    problems.push(...found);
  }
  return { rules: [...rules.values()], problems };
}

function readFleetRule(
  given: unknown,
  note: (path: string, message: string) => void,
): FleetRule | undefined {
  const rule = readGuardRule(given, note, ["bots"]);
  if (!isObject(given)) return undefined;
  const bots = field(given, "bots");
  if (typeof bots !== "string") note("bots", `must be a label such as desk=fx (is ${typeName(bots)})`);
  else if (!SELECTOR.test(bots)) note("bots", "must be a label such as desk=fx");
  if (rule?.action === "alert" && rule.latch) note("latch", "is not for alerts of several bots");
  return rule && typeof bots === "string" ? { ...rule, bots } : undefined;
}
