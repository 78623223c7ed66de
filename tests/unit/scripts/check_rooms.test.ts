import assert from "node:assert/strict";
import { checkRooms, type Rules } from "../../../scripts/check_rooms.ts";

const RULES: Rules = {
  allowed: { "lib": [], "lib/util": ["lib"], "lib/runner": ["lib", "lib/util"] },
  drivers: { "dockerode": "lib/engine/docker", "node:sqlite": "services/sqlite" },
};

/** The imports that need the rules. */
const NEEDED: [from: string, to: string][] = [
  ["lib/util/a.ts", "lib/errors.ts"],
  ["lib/runner/a.ts", "lib/errors.ts"],
  ["lib/runner/a.ts", "lib/util/a.ts"],
];

function check(...imports: [from: string, to: string][]): string[] {
  return checkRooms([...NEEDED, ...imports].map(([from, to]) => ({ from, to })), RULES);
}

Deno.test("checkRooms() passes imports down the floors, inside a folder, and of packages", () => {
  assert.deepEqual(
    check(
      ["lib/runner/a.ts", "lib/util/b.ts"],
      ["lib/runner/a.ts", "lib/runner/c.ts"],
      ["lib/util/b.ts", "lib/errors.ts"],
      ["main.ts", "lib/runner/a.ts"],
      ["lib/runner/a.ts", "fflate"],
    ),
    [],
  );
});

Deno.test("checkRooms() names an import that no rule allows, and a folder without a rule", () => {
  assert.deepEqual(check(["lib/util/b.ts", "lib/runner/a.ts"]), [
    "lib/util/b.ts imports lib/runner/a.ts: lib/util may not import lib/runner",
    "These folders import each other: lib/util -> lib/runner -> lib/util",
  ]);
  assert.deepEqual(check(["lib/new/a.ts", "lib/errors.ts"]), [
    "lib/new/a.ts is in lib/new, which no rule names",
  ]);
});

Deno.test("checkRooms() shows a circle of folders, whether rules allow it or not", () => {
  const allowed = { "lib/a": ["lib/b"], "lib/b": ["lib/c"], "lib/c": ["lib/a"] };
  const imports = [["lib/a/1.ts", "lib/b/2.ts"], ["lib/b/2.ts", "lib/c/3.ts"], ["lib/c/4.ts", "lib/a/5.ts"]];
  assert.deepEqual(
    checkRooms(imports.map(([from, to]) => ({ from: from!, to: to! })), { allowed, drivers: {} }),
    [
      "The rule of lib/a names lib/b, which is not below it",
      "The rule of lib/b names lib/c, which is not below it",
      "These folders import each other: lib/a -> lib/b -> lib/c -> lib/a",
    ],
  );
});

Deno.test("checkRooms() names a rule that no import needs", () => {
  const imports = NEEDED.slice(0, 2).map(([from, to]) => ({ from, to }));
  assert.deepEqual(checkRooms(imports, RULES), [
    "lib/runner does not import lib/util: its rule is not needed",
  ]);
});

Deno.test("checkRooms() keeps each driver, and what belongs to it, in its folder", () => {
  assert.deepEqual(
    check(["lib/engine/docker/a.ts", "dockerode"], ["services/sqlite/a.ts", "node:sqlite"]),
    [],
  );
  assert.deepEqual(check(["lib/runner/a.ts", "dockerode"], ["lib/runner/a.ts", "dockerode/lib/x.js"]), [
    "lib/runner/a.ts imports dockerode: only lib/engine/docker may",
    "lib/runner/a.ts imports dockerode: only lib/engine/docker may",
  ]);
});
