import assert from "node:assert/strict";
import { SERVICE_VARIABLES } from "../../services/service_config.ts";

const root = new URL("../../", import.meta.url);
/** Read for a default only. */
const SYSTEM_VARIABLES = ["HOME", "XDG_DATA_HOME"];

Deno.test("the README's table names every variable of the configuration, and no other", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const table = readme.slice(readme.indexOf("## Configuration"), readme.indexOf("## Where things are"));
  const named = table.split("\n").filter((row) => row.startsWith("| `"))
    .flatMap((row) => [...row.split("|")[1]!.matchAll(/`([A-Z_]+)`/g)].map((match) => match[1]));
  assert.deepEqual(named.sort(), SERVICE_VARIABLES.filter((name) => !SYSTEM_VARIABLES.includes(name)).sort());
});

Deno.test("the commands may read every variable of the configuration", async () => {
  const { permissions } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const allowed: string[] = permissions.cli.env.allow;
  assert.deepEqual(
    allowed.filter((name) => !["NO_COLOR", "INIT_CWD"].includes(name)).sort(),
    [...SERVICE_VARIABLES].sort(),
  );
});
