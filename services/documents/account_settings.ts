/**
 * Reads which accounts a bot holds while it runs, and what it does when its lease cannot be renewed.
 *
 * @module
 */

import { isAccountName, MAX_ACCOUNTS } from "../../lib/executable/accounts.ts";
import { BERTH_KEY } from "./berth_settings.ts";
import { field, type Fields, typeName } from "./document_fields.ts";

/**
 * How a copy on a cluster reacts when it cannot renew its lease. `strict`: it ends. `relaxed`: it goes on, and rather
 * runs twice than not at all.
 */
export type LeaseMode = "strict" | "relaxed";

/**
 * Reads the setting `accounts`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns The names, in order; `undefined` if there are none. Meaningless if a problem was added.
 */
export function readAccounts(berth: Fields, problems: string[]): readonly string[] | undefined {
  const given = field(berth, "accounts") ?? undefined;
  if (given === undefined) return undefined;
  const place = `config.${BERTH_KEY}.accounts`;
  if (!Array.isArray(given)) {
    problems.push(`${place}: must be a list of names such as binance:main (is ${typeName(given)})`);
    return undefined;
  }
  if (given.length > MAX_ACCOUNTS) problems.push(`${place}: must have at most ${MAX_ACCOUNTS} names`);
  for (const [index, name] of given.slice(0, MAX_ACCOUNTS).entries()) {
    const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 60)) : typeName(name);
    if (!isAccountName(name)) {
      problems.push(
        `${place}[${index}]: must be 1 to 100 letters, digits, ':', '_', '.', '/', '@' or '-', such as binance:main ` +
          `(is ${shown})`,
      );
    } else if (given.indexOf(name) < index) problems.push(`${place}[${index}]: ${shown} is named twice`);
  }
  return given.length > 0 ? given.filter(isAccountName) : undefined;
}

/**
 * Reads the setting `lease`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line if the value is invalid.
 * @returns `undefined` if it is missing, `null` or invalid.
 */
export function readLeaseMode(berth: Fields, problems: string[]): LeaseMode | undefined {
  const value = field(berth, "lease") ?? undefined;
  if (value === undefined || value === "strict" || value === "relaxed") return value;
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : typeName(value);
  problems.push(`config.${BERTH_KEY}.lease: must be "strict" or "relaxed" (is ${shown})`);
  return undefined;
}
