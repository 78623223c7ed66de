import assert from "node:assert/strict";
import { ServiceFixture } from "../../../support/fixtures/service_fixture.ts";

Deno.test("berth ps lists the bots of the service, and says how to start one when none runs", async () => {
  await using service = await ServiceFixture.open();
  const document = {
    config: { limit: 1 },
    custom: { version: "1", filePath: "bot/1", config: { entrypoints: { bot: "main.py" } } },
  };
  await service.client.call("putBot", { params: { id: "mine" }, body: document });
  const { code, stdout } = await service.berth("ps", "--json");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout).map(({ id }: { id: string }) => id), ["mine"]);
  await service.stop();
  const refused = await service.berth("ps");
  assert.equal(refused.code, 1);
  assert.match(refused.output, /^berth: No service answers at .*Start one with 'berth start'/);
  await service.start();
  assert.match((await service.berth("ps")).stdout, /^mine /m);
});
