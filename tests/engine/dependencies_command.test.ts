import assert from "node:assert/strict";
import { berth, BOT_LOOP, CliProcess, cliVariables, writeBot } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";
import { PackageIndex } from "../support/servers/package_index.ts";
import { until } from "../support/until.ts";

Deno.test("deploy installs what a folder names, writes the lock, and sends only the bot's files", async () => {
  await using fixture = await CliFixture.open((temp) => [cliVariables(temp).BERTH_INSTANCE!]);
  await using index = new PackageIndex();
  index.addWheel("mylib", {
    "mylib/__init__.py": `value = "installed"\n`,
    "mylib/data.txt": "x".repeat(2_000_000),
  });
  // The registry of npm is also where Deno looks for the packages of the commands.
  const { PIP_INDEX_URL } = index.variables;
  const env = cliVariables(fixture.temp, { PIP_INDEX_URL: PIP_INDEX_URL!, NO_PROXY: "127.0.0.1" });
  const flags = (await berth(env, "permissions")).trim().split(" ");
  await using service = CliProcess.start(["start"], env, flags);
  await service.printed(/listening/);
  const script = `import mylib\nprint("library", mylib.value)\n`;
  const folder = await writeBot(`${fixture.temp}/bot`, {
    "main.py": `${script}${BOT_LOOP}`,
    "requirements.txt": "mylib\n",
  });

  const deploy = async () => JSON.parse(await berth(env, "deploy", folder, "--id", "mine", "--json"));
  const first = await deploy();
  assert.deepEqual([first.isNew, first.start.outcome], [true, "running"]);
  assert.match(await Deno.readTextFile(`${folder}/requirements.lock`), /^mylib==1\.0 --hash=sha256:/m);
  await until(
    "the bot has the library",
    async () => /library installed/.test(await berth(env, "logs", "mine")),
  );

  // From here on there is no registry.
  await index[Symbol.asyncDispose]();
  const same = await deploy();
  assert.deepEqual([same.isUnchanged, same.isSent], [true, false]);
  await writeBot(folder, { "main.py": `# changed\n${script}${BOT_LOOP}` });
  const changed = await deploy();
  assert.deepEqual([changed.isUnchanged, changed.isSent, changed.start.outcome], [false, true, "running"]);
  assert.ok(changed.archiveBytes < 20_000, `${changed.archiveBytes} bytes were sent`);

  // A failed build changes nothing.
  await Deno.writeTextFile(`${folder}/requirements.txt`, "mylib\nmore\n");
  const refused = await CliProcess.run(["deploy", folder, "--id", "mine"], env);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /requirements\.lock does not belong to requirements\.txt: it has no more/);
  assert.match(await berth(env, "ps"), /^mine .* running$/m);
  const vendored = JSON.parse(
    await berth(env, "deploy", folder, "--id", "bare", "--vendor", "--no-wait", "--json"),
  );
  assert.equal(vendored.isNew, true);
  await berth(env, "remove", "mine", "bare");
  let left: unknown[] = [];
  await until("the containers are gone", async () => {
    left = await fixture.containers(env.BERTH_INSTANCE!);
    return left.length === 0;
  }).catch(({ message }) => {
    assert.fail(`${message}: ${JSON.stringify(left)}; the service printed:\n${service.output}`);
  });
});
