import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { SnapshotStore } from "../../lib/state/snapshot_store.ts";
import { unlessMissing } from "../../lib/util/files.ts";
import { unpackState } from "../../lib/state/unpack_state.ts";
import { berth } from "../support/fixtures/cli_support.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { pause, until } from "../support/until.ts";

const KILLS = fullOrShort(200, 8);

/** Counts as fast as the disk lets it, and says each number once it is safe. */
const COUNTER = `
import os, time

def main(id, config):
    path = os.path.join(os.environ["STATE_DIR"], "count")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    count = int(open(path).read()) if os.path.exists(path) else 0
    print("found", count, flush=True)
    while True:
        count += 1
        with open(path + ".new", "w") as file:
            file.write(str(count))
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".new", path)
        print("safe", count, flush=True)
        time.sleep(0.02)
`;

Deno.test("Berth and a bot are killed at random: the bot finds what it has kept, and snapshots are whole or not there", async () => {
  await using fixture = await EmbeddedFixture.open();
  const { env, id: idOf, containers, docker, start, temp } = fixture;
  const id = idOf("counter");
  const { next: random } = seededRandom(15);
  await Deno.mkdir(env.DATA_DIR, { recursive: true, mode: 0o700 });
  const store = new FolderObjectStore(`${env.DATA_DIR}/objects`);
  await store.ensureBucket("custom-bots");
  await store.put("custom-bots", "counter/1", zipSync({ "main.py": new TextEncoder().encode(COUNTER) }));
  using client = new ApiClient(serverOf(env));
  const ask = async (work: () => Promise<unknown>) => await work().then(() => true, () => false);
  const document = {
    enabled: true,
    config: { berth: { state: { max_mb: 10, keep: 1000, every: "1m" }, stop_grace_seconds: 5 } },
    custom: {
      version: "1",
      filePath: "counter/1",
      config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
    },
  };
  let service = start();
  const running = async () => (await containers()).find((one) => one.running);
  await until("the document", () => ask(() => client.call("putBot", { params: { id }, body: document })));
  await until("the bot", async () => (await running()) !== undefined);
  const asked: Promise<unknown>[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    asked.push(ask(() => client.call("snapshotState", { params: { id } })));
    if (kill % 5 === 0) asked.push(ask(() => client.call("restartBot", { params: { id } })));
    await pause(random() * 600, "it is killed at any moment");
    if (random() < 0.5) {
      await service.kill();
      service = start();
    } else {
      const bot = await running();
      if (bot) await ask(() => docker.getContainer(bot.id).kill());
    }
    await until(`the bot after kill ${kill}`, async () => {
      if (await running()) return true;
      // It does not wait as after a crash.
      await ask(() => client.call("restartBot", { params: { id } }));
      return false;
    });
  }
  await Promise.all(asked);
  await until("the last change", () => ask(() => client.call("disableBot", { params: { id } })));
  const snapshots = new SnapshotStore(store, "bot-state");
  await until("the last snapshot", async () => (await snapshots.list(id))[0]?.reason === "stop");

  assert.ok(
    await ask(() => client.call("listBots", { query: {} })),
    `the service is down:\n${service.lines.slice(-30).join("\n")}`,
  );
  const lines = (await berth(env, "logs", id, "--tail", "100000")).split("\n");
  let safe = 0;
  let starts = 0;
  for (const line of lines) {
    const [, word, number] = /\b(found|safe) (\d+)$/.exec(line) ?? [];
    if (word === "safe") safe = Number(number);
    if (word !== "found") continue;
    starts++;
    // The number that it was about to confirm may be there, too.
    assert.ok(Number(number) === safe || Number(number) === safe + 1, `${line} after ${safe}`);
  }
  const made = (await snapshots.list(id)).toReversed();
  const signal = new AbortController().signal;
  let last = 0;
  for (const snapshot of made) {
    const [archive, folder] = [`${temp}/${snapshot.name}.tar.gz`, `${temp}/${snapshot.name}`];
    await snapshots.download(id, snapshot, archive, signal);
    await Deno.mkdir(folder);
    await unpackState(archive, folder, { maxBytes: snapshot.bytes });
    // The first ones may be older than the first number.
    const count = Number(await unlessMissing(Deno.readTextFile(`${folder}/.the0-state/count`)) ?? 0);
    // The number that it was about to confirm may be there, too.
    assert.ok(count >= last && count <= safe + 1, `${snapshot.name} has ${count} of ${safe}, after ${last}`);
    last = count;
  }
  assert.ok(last >= safe, `the last one has ${last} of ${safe}`);
  console.log(`${KILLS} kills, ${starts} starts, ${safe} numbers kept, ${made.length} whole snapshots`);
  await service[Symbol.asyncDispose]();
});
