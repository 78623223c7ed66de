import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readmeExample } from "../support/builders/readme_example.ts";
import { SERVICE_VARIABLES } from "../../services/config.ts";

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

Deno.test("the README's example of the library passes the type check", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    await Deno.writeTextFile(`${folder}/yours.ts`, await readmeExample("ts"));
    // As a newcomer has it: in a folder outside the checkout, with nothing but the README's import map.
    const map = (await readmeExample("json")).replace("../berth/", fileURLToPath(root));
    await Deno.writeTextFile(`${folder}/deno.json`, map);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "yours.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
