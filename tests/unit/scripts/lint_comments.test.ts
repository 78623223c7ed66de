import assert from "node:assert/strict";
import plugin from "../../../scripts/lint_comments.ts";

function problems(comment: string): string[] {
  return Deno.lint.runPlugin(plugin, "lib/a.ts", `${comment}\nexport const a = 1;\n`).map(({ id }) => id);
}

Deno.test("lint_comments reports documentation that begins with a clause, and nothing else", () => {
  const bad = [
    "/** What it holds. */",
    "/**\n * Who has asked.\n */",
    "/** Of two, the later one. */",
    "/** Reads it. @param id What it is called. */",
    "/**\n * Reads it.\n *\n * @returns What was read.\n */",
    "/**\n * Reads it.\n *\n * @throws {Error} What keeps it from being read.\n */",
  ];
  for (const comment of bad) assert.deepEqual(problems(comment), ["berth-docs/no-clause"], comment);
  const good = [
    "/** Returns what it holds. */",
    "/** Whatever comes first. */",
    "/** The owner. @param id Name of the owner. */",
    "// What follows needs no documentation.",
    "/* What is no documentation. */",
  ];
  for (const comment of good) assert.deepEqual(problems(comment), [], comment);
});
