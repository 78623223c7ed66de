import assert from "node:assert/strict";
import { runCli } from "../../../../cli.ts";
import { readBotFolder } from "../../../../cli/deploy/bot_folder.ts";
import { listBot, packBot } from "../../../../cli/deploy/pack_bot.ts";
import { cliContext } from "../../../support/fixtures/cli_support.ts";
import { FolderFixture } from "../../../support/fixtures/folder_fixture.ts";

async function init(cwd: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const { context, lines } = cliContext({}, { cwd });
  return { code: await runCli(["init", ...args], context), output: lines.join("\n") };
}

for (const runtime of ["python3.11", "nodejs20"]) {
  for (const schedule of [[], ["--schedule"]]) {
    Deno.test(`berth init makes a bot folder for ${runtime} ${schedule}`, async () => {
      await using fixture = await FolderFixture.open();
      const { path: temp } = fixture;
      const { code, output } = await init(temp, "my-bot", "--runtime", runtime, ...schedule);
      assert.equal(code, 0, output);
      assert.match(output, /berth run my-bot.*\n.*berth start.*berth deploy my-bot$/);
      const bot = await readBotFolder(`${temp}/my-bot`);
      assert.deepEqual([bot.name, bot.runtime], ["my-bot", runtime]);
      assert.equal(bot.schedule !== undefined, schedule.length > 0);
      assert.ok(bot.config.includes("BTC-USD"));
      await packBot(bot, await listBot(bot));
      const readme = await Deno.readTextFile(`${temp}/my-bot/README.md`);
      assert.match(readme, /berth deploy \./);
      assert.equal(/berth run-now my-bot/.test(readme), schedule.length > 0);
    });
  }
}

for (const runtime of ["python3.13", "nodejs24", "deno2", "bash", "binary", "image"]) {
  Deno.test(`berth init makes a bot folder for ${runtime}`, async () => {
    await using fixture = await FolderFixture.open();
    const { path: temp } = fixture;
    const { code, output } = await init(temp, "My-Bot", "--runtime", runtime);
    assert.equal(code, 0, output);
    const bot = await readBotFolder(`${temp}/My-Bot`);
    assert.deepEqual([bot.name, bot.runtime], ["My-Bot", runtime]);
    if (runtime === "image") assert.equal(bot.settings.image, "my-bot:1.0.0");
    if (runtime !== "binary") await packBot(bot, await listBot(bot));
    assert.match(await Deno.readTextFile(`${temp}/My-Bot/README.md`), /berth deploy \./);
    const isPlain = !/^(python|nodejs)/.test(runtime);
    const scheduled = await init(temp, "b", "--runtime", runtime, "--schedule");
    assert.equal(scheduled.code, isPlain ? 2 : 0, scheduled.output);
  });
}

Deno.test("berth init makes a bot in TypeScript, for Node.js alone", async () => {
  await using fixture = await FolderFixture.open();
  const { path: temp } = fixture;
  assert.equal((await init(temp, "my-bot", "--typescript")).code, 0);
  const bot = await readBotFolder(`${temp}/my-bot`);
  assert.deepEqual([bot.runtime, bot.entrypoints], ["nodejs20", { bot: "main.ts", backtest: "backtest.ts" }]);
  const refused = await init(temp, "other", "--typescript", "--runtime", "python3.11");
  assert.deepEqual([refused.code, /--typescript is for Node\.js/.test(refused.output)], [2, true]);
});

Deno.test("berth init takes an empty folder, and refuses others and bad names", async () => {
  await using fixture = await FolderFixture.open();
  const { path: temp } = fixture;
  await Deno.mkdir(`${temp}/empty`);
  assert.equal((await init(`${temp}/empty`, ".")).code, 0);
  const again = await init(`${temp}/empty`, ".");
  assert.equal(again.code, 1);
  assert.match(again.output, /is not empty: it holds '.*'\. Choose another folder/);
  const before = await Deno.readTextFile(`${temp}/empty/main.py`);
  assert.equal(await Deno.readTextFile(`${temp}/empty/main.py`), before);
  assert.match((await init(temp, "a b")).output, /'a b' must begin with a letter or digit/);
  await Deno.writeTextFile(`${temp}/file`, "");
  assert.match((await init(temp, "file")).output, /is a file/);
  const { code, output } = await init(temp, "c", "--runtime", "cobol");
  assert.deepEqual([code, /--runtime must be one of python3\.11, python3\.12/.test(output)], [2, true]);
});
