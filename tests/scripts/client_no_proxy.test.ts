import assert from "node:assert/strict";
import { CliProcess } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";

Deno.test("commands reach the service also where NO_PROXY names this machine", async () => {
  await using service = await ServiceFixture.open();
  const NO_PROXY = "localhost,127.0.0.1,::1";
  const { code, stdout, output } = await CliProcess.run(["ps", "--json"], { ...service.env, NO_PROXY });
  assert.equal(code, 0, output);
  assert.deepEqual(JSON.parse(stdout).bots, []);
});
