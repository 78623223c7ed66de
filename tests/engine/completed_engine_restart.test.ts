import assert from "node:assert/strict";
import { BotFixture } from "../support/fixtures/bot_fixture.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { copyImage, testPrivately } from "../support/servers/private_engine.ts";
import { until } from "../support/until.ts";

testPrivately("a bot that has completed stays so over restarts of the engine", async (engine) => {
  await copyImage(IMAGES["python3.11"]!, engine.dockerHost);
  await using fixture = await BotFixture.open({ dockerHost: engine.dockerHost });
  const { code, document, publish, start, container, proxies } = fixture;
  await code.put("bot/1", { "main.py": "def main(id, config): print('runs', flush=True)\n" });
  await using berth = start({ RECONCILE_INTERVAL: "1" });
  const hasEnded = async (name: string) => (await container(name))?.running === false;
  const create = (name: string) => publish("created", document(name, { berth: { restart: "on-failure" } }));
  await create("done");
  await until("its end", () => hasEnded("done"));
  await berth.logged(/bot completed/);
  const before = (await container("done"))!;
  for (const signal of ["TERM", "KILL"] as const) {
    await engine.signal(signal);
    await proxies.engine.cut();
    await proxies.engine.open();
    await engine.start({ liveRestore: false });
    // When this one has run, the service has done everything that it does after the restart.
    await create(`after-${signal}`);
    await until("the end of another bot", () => hasEnded(`after-${signal}`));
    const after = await container("done");
    assert.deepEqual([after?.id, after?.attempt, after?.running], [before.id, 1, false]);
  }
});
