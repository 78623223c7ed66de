import assert from "node:assert/strict";
import { configurationPage } from "../../../scripts/write_configuration.ts";
import { CLIENT_VARIABLES } from "../../../cli/client/api_client.ts";
import { SERVICE_VARIABLES } from "../../../services/config.ts";
import { ROOT } from "../../support/builders/doc_blocks.ts";

Deno.test("docs/configuration.md is what `deno task configuration` makes of the schemas", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/configuration.md`);
  assert.equal(page, configurationPage(), "run: deno task configuration");
});

Deno.test("docs/configuration.md names every variable of the configuration, and no other", () => {
  const named = [...configurationPage().matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]);
  assert.deepEqual(named.sort(), [...SERVICE_VARIABLES].sort());
});

Deno.test("the commands may read every variable of the configuration and of clients", async () => {
  const { permissions } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const allowed: string[] = permissions.cli.env.allow;
  assert.deepEqual(
    allowed.filter((name) => !["NO_COLOR", "INIT_CWD"].includes(name)).sort(),
    [...new Set([...SERVICE_VARIABLES, ...CLIENT_VARIABLES])].sort(),
  );
});
