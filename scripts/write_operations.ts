/**
 * Writes the table of operations in docs/api.md from the contract: `deno task operations`.
 *
 * @module
 */

import { CONTRACT } from "../services/contract/contract.ts";
import { type Operation, type OperationId, OPERATIONS } from "../services/contract/operations.ts";
import { markdownTable } from "./markdown_table.ts";

const PAGE = new URL("../docs/api.md", import.meta.url);
const BEGIN = "<!-- Made by `deno task operations` from services/contract/. -->";
const END = "<!-- The end of the table. -->";

/**
 * Replaces the table in the page.
 *
 * @param page The page's text.
 * @returns The page with the current table.
 */
export function withOperations(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const [, after] = (rest ?? "").split(END);
  if (rest === undefined || after === undefined) throw new Error("docs/api.md lacks the marks of its table");
  const rows = Object.entries(OPERATIONS).map(([id, { method, path, role }]: [string, Operation]) => [
    `\`${method} ${path}\``,
    role === "open" ? "none" : role,
    CONTRACT[id as OperationId].summary,
  ]);
  const table = markdownTable([["Request", "Role", "What it does"], ...rows]);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

if (import.meta.main) await Deno.writeTextFile(PAGE, withOperations(await Deno.readTextFile(PAGE)));
