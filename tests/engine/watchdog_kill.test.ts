/** No healthy bot is restarted because Berth was down. */

import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { pause, until } from "../support/until.ts";

const KILLS = fullOrShort(10, 2);
/** Berth is down longer than a bot may be silent. */
const AWAY_MS = 3500;
const SILENCE = { max_silence_seconds: 3, start_grace_seconds: 0, action: "restart" };
const BOTS = {
  prints: { every: 2, health: SILENCE },
  beats: { every: 2, health: { ...SILENCE, signal: "heartbeat" } },
  checked: {
    every: 60,
    health: { command: "true", interval_seconds: 1, limit: 1, start_grace_seconds: 0, action: "restart" },
  },
};

const MAIN = `
import berth, time

def main(id, config):
    while True:
        print("works", flush=True)
        berth.heartbeat()
        time.sleep(config["every"])
`;

Deno.test("Berth is killed and away again and again: no healthy bot is restarted, and a silent one is afterwards", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { env, id: idOf, containers, start } = fixture;
  const { next: random } = seededRandom(7);
  await Deno.mkdir(env.DATA_DIR, { recursive: true, mode: 0o700 });
  const store = new FolderObjectStore(`${env.DATA_DIR}/objects`);
  await store.ensureBucket("custom-bots");
  await store.put("custom-bots", "watched/1", zipSync({ "main.py": new TextEncoder().encode(MAIN) }));
  using client = new ApiClient(serverOf(env));
  const ask = async (work: () => Promise<unknown>) => await work().then(() => true, () => false);
  const put = (id: string, every: number, health: Record<string, unknown>) =>
    client.call("putBot", {
      params: { id },
      body: {
        enabled: true,
        config: { every, berth: { health } },
        custom: {
          version: "1",
          filePath: "watched/1",
          config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
        },
      },
    });
  const running = async () =>
    (await containers()).filter((one) => one.running).map(({ id }) => id).toSorted();

  let service = start();
  for (const [name, { every, health }] of Object.entries(BOTS)) {
    await until(`the document of ${name}`, () => ask(() => put(idOf(name), every, health)));
  }
  await until("the bots", async () => (await running()).length === 3);
  const before = await running();
  for (let kill = 1; kill <= KILLS; kill++) {
    await pause(random() * 3000, "Berth is killed at any moment");
    await service.kill();
    if (kill % 3 === 1) await pause(AWAY_MS, "Berth is down for long");
    service = start();
    await until("the service", () => ask(() => client.call("listBots", { query: {} })));
  }
  await pause(4000, "a bot that is not heard would be stopped meanwhile");
  assert.deepEqual(await running(), before);
  const states = (await client.call("listBots", { query: {} })).bots.map((
    { state, attempt },
  ) => [state, attempt]);
  assert.deepEqual(states, before.map(() => ["running", 1]));

  // The watchdog works: a bot that is slower than its limit is restarted.
  await put(idOf("prints"), 60, SILENCE);
  await until("the slow version's end", async () => {
    const { exits } = await client.call("getBot", { params: { id: idOf("prints") } });
    return exits.some(({ reason }) => reason.startsWith("stopped: silent for 3 s; last line: works"));
  }, 30_000);
});
