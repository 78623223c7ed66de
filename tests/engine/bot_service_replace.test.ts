import assert from "node:assert/strict";
import { BOT, BotFixture, untilPrinted, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { LARGE_FILE } from "../support/builders/large_file.ts";
import { until } from "../support/until.ts";

function withCode({ document }: BotFixture, name: string, filePath: string) {
  const one = document(name);
  return { ...one, custom: { ...one.custom, version: filePath, filePath } };
}

Deno.test("BotService lets a bot run until its new code is checked, and forever while that is refused", async () => {
  await using fixture = await BotFixture.open();
  const { code, publish, start, container } = fixture;
  await using berth = start();
  await publish("created", fixture.document("one"));
  const [before] = await untilRunning(fixture, { one: {} });
  await code.put("bot/2", { "other.py": BOT });
  await publish("updated", withCode(fixture, "one", "bot/2"));
  await berth.logged(/lacks the file 'main\.py'.*The previous version keeps running/);
  assert.equal((await container("one"))?.id, before!.id);
  await code.put("bot/3", { "main.py": BOT });
  await publish("updated", withCode(fixture, "one", "bot/3"));
  await until("the new one", async () => {
    const now = await container("one");
    return now?.running === true && now.id !== before!.id;
  });
});

Deno.test("BotService replaces a bot whose code a cleaner of temporary files has removed", async () => {
  await using fixture = await BotFixture.open();
  const { publish, start, container, env, code } = fixture;
  await code.put("bot/1", { "main.py": BOT, ...LARGE_FILE });
  const berth = start({ RECONCILE_INTERVAL: "1" });
  await publish("created", fixture.document("one"));
  const [before] = await untilRunning(fixture, { one: {} });
  await untilPrinted(fixture, [before!]);
  const trees = `${env.TEMP_DIR}/${env.BERTH_INSTANCE}/trees`;
  await Deno.remove(trees, { recursive: true });
  await berth.logged(/code lost/);
  let now = await container("one");
  await until("another one", async () => {
    now = await container("one");
    return now?.running === true && now.id !== before!.id;
  });
  // It has read its code: one that has not yet crashes, and is started again as any other.
  await untilPrinted(fixture, [now!]);
  await berth[Symbol.asyncDispose]();
  // One file is gone while no service runs.
  for await (const { name } of Deno.readDir(trees)) {
    if (!name.startsWith(".")) await Deno.remove(`${trees}/${name}/code/main.py`);
  }
  await using again = start({ RECONCILE_INTERVAL: "1" });
  await again.logged(/code lost/);
  await until("another one", async () => {
    const last = await container("one");
    return last?.running === true && last.id !== now?.id;
  });
});

Deno.test("BotService replaces a bot whose own copy of its code is gone, not one that lacks a file of it", async () => {
  await using fixture = await BotFixture.open();
  const { publish, start, container, env, code, document } = fixture;
  await code.put("bot/1", { "main.py": BOT, "note.txt": "a bot may remove this" });
  await using berth = start({ RECONCILE_INTERVAL: "1" });
  await publish("created", document("one"));
  const [before] = await untilRunning(fixture, { one: {} });
  await untilPrinted(fixture, [before!]);
  const workspaces = `${env.TEMP_DIR}/${env.BERTH_INSTANCE}/containers`;
  const [{ name }] = await Array.fromAsync(Deno.readDir(workspaces)) as [Deno.DirEntry];
  const view = `${workspaces}/${name}/view`;
  await Deno.remove(`${view}/note.txt`);
  // Found by a pass that sees both.
  await fixture.write(document("two"));
  await untilRunning(fixture, { one: {}, two: {} });
  assert.equal((await container("one"))?.id, before!.id);
  await Deno.remove(`${view}/main.py`);
  await berth.logged(/code lost/);
  await until("another one", async () => {
    const now = await container("one");
    return now?.running === true && now.id !== before!.id;
  });
});
