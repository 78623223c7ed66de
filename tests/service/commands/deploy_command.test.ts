import assert from "node:assert/strict";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { writeBot } from "../../support/fixtures/cli_support.ts";
import { until } from "../../support/until.ts";

const BOT = "name: mine\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n";
const SCHEDULED = BOT.replace("entrypoints", 'schedule: "0 9 * * mon-fri"\nentrypoints');

/** A service without an engine, a bot folder, and commands that must end with a code. */
class DeployFixture implements AsyncDisposable {
  readonly service: ServiceFixture;
  readonly folder: string;

  private constructor(service: ServiceFixture) {
    this.service = service;
    this.folder = `${service.temp}/bot`;
  }

  static async open(env: Record<string, string> = {}): Promise<DeployFixture> {
    await using stack = new AsyncDisposableStack();
    const fixture = new DeployFixture(stack.use(await ServiceFixture.open({ env })));
    await writeBot(fixture.folder, { "bot-config.yaml": BOT, "main.py": "# one\n" });
    stack.move();
    return fixture;
  }

  async #run(code: number, args: string[]): Promise<string> {
    const outcome = await this.service.berth("deploy", "bot", "--no-wait", ...args);
    assert.equal(outcome.code, code, outcome.output);
    return outcome.output;
  }

  readonly write = (name: string, text: string): Promise<void> =>
    Deno.writeTextFile(`${this.folder}/${name}`, text);

  readonly deploy = (...args: string[]): Promise<string> => this.#run(0, args);

  readonly refused = async (message: RegExp, ...args: string[]): Promise<void> =>
    assert.match(await this.#run(1, args), message);

  readonly archives = async (): Promise<string[]> => {
    const { versions } = await this.service.client.call("listVersions", { params: { id: "mine" } });
    return versions.map(({ filePath }) => filePath);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
  }
}

Deno.test("berth deploy says what it did, and sends an archive once", async () => {
  await using fixture = await DeployFixture.open();
  const { write, deploy, archives } = fixture;
  assert.equal(await deploy(), "mine is deployed: version 1.0.0");
  const [first, ...more] = await archives();
  assert.match(first!, /^local\/mine\/1\.0\.0\+[0-9a-f]{16}$/);
  assert.deepEqual(more, []);
  assert.equal(await deploy(), "mine is unchanged: version 1.0.0");
  assert.equal(JSON.parse(await deploy("--json")).isSent, false);
  await write("main.py", "# two\n");
  const changed = JSON.parse(await deploy("--json"));
  assert.deepEqual([changed.isSent, changed.isNew, changed.isUnchanged, changed.kind], [
    true,
    false,
    false,
    "bot",
  ]);
  assert.equal((await archives()).length, 2);
  await write("config.json", '{"symbol": "BTC", "account": 1234567890123456789}');
  assert.equal(await deploy(), "mine is updated: version 1.0.0");
});

Deno.test("berth deploy refuses what a start would refuse, and writes nothing", async () => {
  await using fixture = await DeployFixture.open({ ARCHIVE_MAX_FILE_MB: "1" });
  const { service, write, deploy, refused, archives } = fixture;
  await write("prices.csv", "2024-01-01T00:00:00Z,100.0\n".repeat(200_000));
  await refused(/The service refuses the archive:.*'prices\.csv' extracts to 5400000 bytes/);
  await Deno.remove(`${service.temp}/bot/prices.csv`);
  await write("bot-config.yaml", BOT.replace("1.0.0", "1.0.0\nruntime: cobol"));
  await refused(/'mine' cannot be deployed: runtime: .*cobol/);
  await write("bot-config.yaml", BOT.replace("main.py", "other.py"));
  await refused(/There is no script '.*other\.py', which bot-config\.yaml names/);
  await write("bot-config.yaml", BOT.replace("bot: main.py", "backtest: main.py"));
  await refused(/has no entrypoint 'bot'/);
  await write("bot-config.yaml", BOT);
  await refused(/The id 'a\/b' must begin with a letter or digit/, "--id", "a/b");
  assert.deepEqual((await service.client.call("listBots", { query: {} })).bots, []);
  await deploy();
  assert.equal((await archives()).length, 1);
});

Deno.test("berth deploy says what an ignore file leaves out, also when that is the script", async () => {
  await using fixture = await DeployFixture.open();
  const { write, deploy, refused } = fixture;
  await write("data.csv", "x");
  await write(".gitignore", "*.csv\n");
  assert.match(
    await deploy(),
    /^Left out by \.gitignore: data\.csv; a \.berthignore file would replace it$/m,
  );
  await write(".gitignore", "main.py\n");
  await refused(/lacks the file 'main\.py'.*\.gitignore leaves it out/);
  await write(".berthignore", "");
  assert.match(await deploy(), /^mine is updated/m);
});

Deno.test("berth deploy packs a link that stays inside as what it points to, and names one that leaves the folder", async () => {
  await using fixture = await DeployFixture.open();
  const { service, folder, deploy, refused, archives } = fixture;
  await Deno.mkdir(`${folder}/node_modules/.bin`, { recursive: true });
  await Deno.mkdir(`${folder}/node_modules/tool`);
  await Deno.writeTextFile(`${folder}/node_modules/tool/cli.js`, "tool");
  await Deno.symlink("../tool/cli.js", `${folder}/node_modules/.bin/tool`);
  await deploy();
  const { body } = await service.composed.store.get("custom-bots", (await archives())[0]!);
  assert.match(await new Response(body).text(), /node_modules\/\.bin\/tool/);
  await Deno.symlink("/etc/hostname", `${folder}/secret`);
  await refused(
    /Cannot pack '.*\/bot\/secret': it is a symbolic link to '\/etc\/hostname', outside of the folder/,
  );
});

Deno.test("berth deploy leaves a disabled bot disabled, says what disables it, and obeys --enable", async () => {
  await using fixture = await DeployFixture.open();
  const { service, write, deploy } = fixture;
  await deploy();
  await service.berth("disable", "mine");
  await write("main.py", "# two\n");
  assert.equal(await deploy(), "mine is updated: version 1.0.0, disabled ('berth enable mine' starts it)");
  assert.equal(await deploy("--enable"), "mine is updated: version 1.0.0");
  await write("config.json", '{"enabled": "false"}');
  assert.equal(await deploy(), "mine is updated: version 1.0.0, disabled (its configuration says so)");
  assert.equal((await service.berth("enable", "mine")).output, "mine is enabled");
  const { enabled } = await service.client.call("getBot", { params: { id: "mine" } });
  assert.equal(enabled, true);
  assert.match(await deploy("--disable"), /disabled \('berth enable mine' starts it\)$/);
});

Deno.test("berth deploy says that a bot of the same folder runs on under its old name", async () => {
  await using fixture = await DeployFixture.open();
  const { service, folder, write, deploy } = fixture;
  const rename = (name: string) => write("bot-config.yaml", BOT.replace("mine", name));
  assert.doesNotMatch(await deploy(), /same folder/);
  await rename("second");
  const warned = await deploy();
  assert.match(
    warned,
    /^berth: 'mine' was deployed from the same folder and keeps running alongside 'second'/m,
  );
  assert.match(warned, /berth remove mine$/m);
  // Once is enough, and what is disabled does not run.
  assert.doesNotMatch(await deploy(), /same folder/);
  await service.berth("disable", "mine");
  await rename("third");
  await Deno.rename(folder, `${service.temp}/third`);
  const renamed = await service.berth("deploy", "third", "--no-wait", "--json");
  assert.deepEqual(JSON.parse(renamed.stdout).sameOrigin, ["second"]);
  // Several bots of one folder are meant where each is given an id.
  assert.doesNotMatch(
    (await service.berth("deploy", "third", "--no-wait", "--id", "fourth")).output,
    /same folder/,
  );
});

Deno.test("berth deploy makes a schedule of a folder that has one, and says its next times", async () => {
  await using fixture = await DeployFixture.open();
  const { service, write, deploy, refused } = fixture;
  await write("bot-config.yaml", SCHEDULED);
  await write("config.json", '{"berth": {"timezone": "Europe/Berlin", "retries": 2}}');
  const said = await deploy();
  assert.match(said, /^mine is deployed: version 1\.0\.0, runs at 0 9 \* \* mon-fri \(Europe\/Berlin\)$/m);
  assert.match(said, /^Next times: \d{4}-\d\d-\d\d 0[78]:00:00 UTC, /m);
  const { document } = await service.client.call("getSchedule", { params: { id: "mine" } });
  const config = { schedule: "0 9 * * mon-fri", berth: { timezone: "Europe/Berlin", retries: 2 } };
  assert.deepEqual(document.config, config);
  assert.equal((await service.berth("disable", "mine")).output, "mine is disabled");
  assert.equal((await service.client.call("getSchedule", { params: { id: "mine" } })).enabled, false);
  assert.equal((await service.berth("enable", "mine")).code, 0);
  await write("bot-config.yaml", BOT);
  await refused(/'mine' is already deployed as a schedule, and this folder is a bot\. Remove it first/);
  assert.match(
    (await service.berth("remove", "mine")).output,
    /^mine is removed; its logs, results, archives and state/,
  );
  await deploy();
  await write("bot-config.yaml", SCHEDULED);
  await refused(/'mine' is already deployed as a bot, and this folder is a schedule/);
  await service.berth("remove", "mine");
  await write("bot-config.yaml", SCHEDULED.replace("0 9 * * mon-fri", "0 0 30 2 *"));
  await refused(/'mine' cannot be deployed: schedule: .*never/);
});

Deno.test("berth deploy --dry-run says what would change, and writes nothing", async () => {
  await using fixture = await DeployFixture.open();
  const { service, write, deploy, refused, archives } = fixture;
  assert.match(await deploy("--dry-run"), /^mine would be deployed: version 1\.0\.0, 0\.\d kB$/);
  assert.deepEqual([(await service.client.call("listBots", { query: {} })).bots, await archives()], [
    [],
    [],
  ]);
  await deploy();
  assert.match(await deploy("--dry-run"), /^mine would stay as it is: /);
  await write("main.py", "# two\n");
  assert.match(await deploy("--dry-run"), /^mine would be updated: /);
  await write("bot-config.yaml", BOT.replace("1.0.0", "1.0.0\nruntime: cobol"));
  await refused(/cobol/, "--dry-run");
  assert.equal((await archives()).length, 1);
});

Deno.test("without a service, commands say so and how to start one, within a second", async () => {
  await using service = await ServiceFixture.open();
  await writeBot(`${service.temp}/bot`);
  await service.stop();
  for (const args of [["deploy", "bot"], ["enable", "a"], ["disable", "a"], ["remove", "a", "--yes"]]) {
    const begin = performance.now();
    const { code, output } = await service.berth(...args);
    assert.equal(code, 69);
    assert.match(
      output,
      /^berth: No service answers at '.*'\. Start one with 'berth start' \(instance '.*'\)\.$/,
    );
    assert.ok(performance.now() - begin < 5_000);
  }
});

Deno.test("enable, disable and remove go on after an unknown id, and end with 1", async () => {
  await using fixture = await DeployFixture.open();
  const { service, deploy } = fixture;
  await deploy();
  const unknown = /^berth: There is no bot or schedule 'nobody'; 'berth ps' lists them\.$/m;
  for (
    const [command, said] of [["disable", "is disabled"], ["enable", "is enabled"], [
      "remove",
      "is removed",
    ]]
  ) {
    const { code, output } = await service.berth(command!, "nobody", "mine");
    assert.equal(code, 1);
    assert.match(output, unknown);
    assert.match(output, new RegExp(`^mine ${said}`, "m"));
  }
  assert.equal((await service.berth("remove", "a/../b")).code, 1);
});

Deno.test("berth remove asks a person first, and keeps archives and logs unless --purge", async () => {
  await using fixture = await DeployFixture.open();
  const { service, deploy, archives } = fixture;
  await deploy();
  await service.composed.store.put("bot-logs", "logs/mine/20260101.log", new Uint8Array(3));
  const asked: string[] = [];
  const answer = (yes: boolean) => ({
    confirm: (question: string) => {
      asked.push(question);
      return yes;
    },
  });
  const no = await service.berthIn(answer(false), "remove", "mine");
  assert.deepEqual([no.code, no.output], [1, "Nothing is removed."]);
  assert.equal((await service.berthIn(answer(true), "remove", "mine", "--yes")).code, 0);
  assert.deepEqual(asked, ["Remove mine (logs, results, archives and state are kept)?"]);
  assert.equal((await archives()).length, 1);
  const purged = await service.berthIn(answer(true), "remove", "mine", "--purge");
  assert.deepEqual([purged.code, asked.at(-1)], [
    0,
    "Remove mine, with logs, results, archives and state, for good?",
  ]);
  assert.match(
    purged.output,
    /^mine was removed before; now gone are 1 archive, 1 day of logs, 0 results, 2 revisions$/,
  );
  assert.deepEqual(await archives(), []);
  const none = await service.berth("remove", "mine", "--purge");
  assert.equal(none.code, 1);
  assert.match(none.output, /There is no bot or schedule 'mine', and nothing of one is left/);
  await deploy();
  await until("it is removed", async () => (await service.berth("remove", "mine", "--purge")).code === 0);
  assert.deepEqual(await archives(), []);
});
