import assert from "node:assert/strict";
import { readBotFolder } from "../../../cli/deploy/bot_folder.ts";
import { deployFolder } from "../../../cli/deploy/deploy_folder.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";

Deno.test("deployFolder() neither packs nor sends a content that the service has", async () => {
  await using service = await ServiceFixture.open();
  const folder = `${service.temp}/mine`;
  await Deno.mkdir(`${folder}/vendor`, { recursive: true });
  await Deno.writeTextFile(`${folder}/main.py`, "def main(id, config):\n    return {}\n");
  await Deno.writeTextFile(`${folder}/vendor/library.py`, "value = 1\n");
  await Deno.writeTextFile(`${folder}/requirements.txt`, "library\n");
  await Deno.writeTextFile(
    `${folder}/bot-config.yaml`,
    "name: mine\nversion: 1.0.0\nruntime: python3.11\nentrypoints:\n  bot: main.py\n",
  );
  const deploy = async () => {
    let isPacked = false;
    const bot = await readBotFolder(folder);
    const deployed = await deployFolder(service.client, bot, { onPacking: () => isPacked = true });
    const { isSent, isNew, isUnchanged, archiveBytes } = deployed;
    return { isPacked, isSent, isNew, isUnchanged, archiveBytes };
  };
  const first = await deploy();
  const { archiveBytes } = first;
  assert.deepEqual(first, { isPacked: true, isSent: true, isNew: true, isUnchanged: false, archiveBytes });
  const again = await deploy();
  assert.deepEqual(again, { isPacked: false, isSent: false, isNew: false, isUnchanged: true, archiveBytes });
  await Deno.writeTextFile(`${folder}/main.py`, "# one line\n", { append: true });
  const changed = await deploy();
  assert.deepEqual([changed.isPacked, changed.isSent, changed.isUnchanged], [true, true, false]);
});
