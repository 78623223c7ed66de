import assert from "node:assert/strict";
import type { CliContext } from "../../../../cli/context.ts";
import { deployCommand } from "../../../../cli/commands/deploy_command.ts";
import { enableCommand } from "../../../../cli/commands/enable_command.ts";
import { removeCommand } from "../../../../cli/commands/remove_command.ts";
import { InvalidBotFolderError } from "../../../../lib/errors.ts";
import { EventsUnavailableError } from "../../../../services/events/bot_event_publisher.ts";
import { parseBotEvent, writeBotEvent } from "../../../../services/events/bot_event.ts";
import type { BotChange } from "../../../../services/documents/bot_repository.ts";
import { openStores, type Stores } from "../../../../services/stores.ts";
import { createObjectStore } from "../../../../lib/runner/create_object_store.ts";
import { parseServiceConfig } from "../../../../services/config.ts";

interface Stage {
  readonly context: CliContext;
  /** What the commands printed, and forgets it. */
  readonly said: () => string;
  readonly write: (name: string, text: string) => Promise<void>;
  readonly archives: () => Promise<string[]>;
  readonly documents: () => ReturnType<Stores["bots"]["list"]>;
  readonly schedules: () => ReturnType<Stores["bots"]["list"]>;
  /** What was published of bots, where a publisher is wanted. */
  readonly published: BotChange[];
  /** What was published of schedules, where a publisher is wanted. */
  readonly publishedSchedules: BotChange[];
}

/** The embedded default in a folder of the test's, and a bus that the test plays. */
async function withStage(
  work: (stage: Stage) => Promise<void>,
  publish?: (change: BotChange) => Promise<void>,
): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  const lines: string[] = [];
  const published: BotChange[] = [];
  const publishedSchedules: BotChange[] = [];
  const context = {
    env: { TEMP_DIR: `${temp}/runtime`, DATA_DIR: `${temp}/data` },
    cwd: temp,
    terminal: {
      out: (line: string) => lines.push(line),
      note: (line: string) => lines.push(line),
      transient: () => {},
    },
    signal: new AbortController().signal,
    openStores,
    createStore: (config: Parameters<CliContext["createStore"]>[0]) =>
      Promise.resolve(createObjectStore(config)),
    openPublisher: (_config: unknown, subjectPrefix: string) =>
      Promise.resolve(
        publish && {
          publish: (change: BotChange) => {
            (subjectPrefix === "the0.bot" ? published : publishedSchedules).push(change);
            return publish(change);
          },
          [Symbol.asyncDispose]: () => Promise.resolve(),
        },
      ),
  } as unknown as CliContext;
  const write = (name: string, text: string) => Deno.writeTextFile(`${temp}/bot/${name}`, text);
  try {
    await Deno.mkdir(`${temp}/bot`);
    await write("bot-config.yaml", "name: mine\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n");
    await write("main.py", "def main(id, config): pass\n");
    await work({
      context,
      said: () => lines.splice(0).join("\n"),
      write,
      async archives() {
        const entries = Deno.readDir(`${temp}/data/objects/custom-bots/local/mine`);
        return (await Array.fromAsync(entries).catch(() => [])).map(({ name }) => name);
      },
      async documents() {
        await using stores = await openStores(parseServiceConfig(context.env));
        return await stores.bots.list();
      },
      async schedules() {
        await using stores = await openStores(parseServiceConfig(context.env));
        return await stores.schedules.list();
      },
      published,
      publishedSchedules,
    });
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

const options = { folder: "bot", json: false };

Deno.test("berth deploy keeps the archive and the one before it, and says who takes it up", () =>
  withStage(async ({ context, said, write, archives }) => {
    await deployCommand(options, context);
    assert.equal(
      said(),
      "mine is deployed: version 1.0.0\nNo service runs here as instance 'main'. Start it with 'berth start'.",
    );
    const [first] = await archives();
    assert.match(first!, /^1\.0\.0\+[0-9a-f]{16}$/);
    await deployCommand(options, context);
    assert.deepEqual(await archives(), [first], "the same content is the same archive");
    assert.match(said(), /^mine is unchanged: version 1\.0\.0$/);
    for (const text of ["two", "three"]) {
      await write("main.py", `def main(id, config): print("${text}")\n`);
      await deployCommand(options, context);
    }
    const left = await archives();
    assert.equal(left.length, 2);
    assert.ok(!left.includes(first!));
  }));

Deno.test("berth deploy takes a table of equal rows, and refuses what the service would refuse", () =>
  withStage(async ({ context, said, write, archives, documents }) => {
    await write("prices.csv", "2024-01-01T00:00:00Z,100.0\n".repeat(200_000));
    await deployCommand(options, context);
    assert.match(said(), /^mine is deployed/);
    const before = [await archives(), await documents()];
    const limited = { ...context, env: { ...context.env, ARCHIVE_MAX_FILE_MB: "1" } };
    await write("main.py", "def main(id, config): return 2\n");
    await assert.rejects(
      deployCommand(options, limited),
      (error) =>
        error instanceof InvalidBotFolderError &&
        /'prices\.csv' extracts to 5400000 bytes/.test(error.message),
    );
    assert.deepEqual([await archives(), await documents()], before, "nothing is written");
  }));

Deno.test("berth deploy says what an ignore file leaves out, also when that is the script", () =>
  withStage(async ({ context, said, write }) => {
    await write("data.csv", "x");
    await write(".gitignore", "*.csv\n");
    await deployCommand(options, context);
    assert.match(said(), /^Left out by \.gitignore: data\.csv; a \.berthignore file would replace it$/m);
    await write(".gitignore", "main.py\n");
    await assert.rejects(
      deployCommand(options, context),
      /lacks the file 'main\.py'.*\.gitignore leaves it out/,
    );
    await write(".berthignore", "");
    await deployCommand(options, context);
    assert.match(said(), /^mine is updated/m);
  }));

Deno.test("berth deploy says when a bot is disabled by its own configuration", () =>
  withStage(async ({ context, said, write }) => {
    await write("config.json", '{"enabled": "false"}');
    await deployCommand(options, context);
    assert.match(said(), /^mine is deployed: version 1\.0\.0, disabled \(its configuration says so\)$/m);
    await enableCommand({ ids: ["mine"], enabled: true }, context);
    assert.match(said(), /^mine is enabled$/m);
    await deployCommand({ ...options, enabled: false }, context);
    assert.match(said(), /^mine is updated: version 1\.0\.0, disabled \('berth enable' starts it\)$/m);
    await deployCommand({ ...options, enabled: true }, context);
    assert.match(said(), /^mine is updated: version 1\.0\.0$/m);
  }));

Deno.test("berth deploy leaves a disabled bot disabled, unless --enable says otherwise", () =>
  withStage(async ({ context, said, write, documents }) => {
    const isEnabled = async () => (await documents())[0]!.document.enabled;
    await deployCommand(options, context);
    await enableCommand({ ids: ["mine"], enabled: false }, context);
    said();
    await write("main.py", "def main(id, config): return 1\n");
    await deployCommand(options, context);
    assert.match(said(), /^mine is updated: version 1\.0\.0, disabled \('berth enable' starts it\)$/m);
    assert.equal(await isEnabled(), false);
    await deployCommand({ ...options, enabled: true }, context);
    assert.match(said(), /^mine is updated: version 1\.0\.0$/m);
    assert.equal(await isEnabled(), true);
  }));

Deno.test("berth deploy says that a bot of the same folder runs on under its old name", () =>
  withStage(async ({ context, said, write }) => {
    const rename = (name: string) =>
      write("bot-config.yaml", `name: ${name}\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n`);
    const deploy = async (more = {}) => {
      await deployCommand({ ...options, ...more }, context);
      return said();
    };
    assert.doesNotMatch(await deploy(), /same folder/);
    // The name in the description changes.
    await rename("second");
    const warned = await deploy();
    assert.match(
      warned,
      /^berth: 'mine' was deployed from the same folder and keeps running alongside 'second'/m,
    );
    assert.match(warned, /berth remove mine$/m);
    // Once is enough, and what is disabled does not run.
    assert.doesNotMatch(await deploy(), /same folder/);
    await enableCommand({ ids: ["mine"], enabled: false }, context);
    // The folder changes its name, and the bot with it.
    await Deno.rename(`${context.cwd}/bot`, `${context.cwd}/third`);
    await Deno.writeTextFile(
      `${context.cwd}/third/bot-config.yaml`,
      "name: third\nversion: 1.0.0\nentrypoints:\n  bot: main.py\n",
    );
    const renamed = await deploy({ folder: "third", json: true });
    assert.deepEqual(JSON.parse(renamed.split("\n").find((line) => line.startsWith("{"))!).sameOrigin, [
      "second",
    ]);
    // Several bots of one folder are meant where each is given an id.
    assert.doesNotMatch(await deploy({ folder: "third", id: "fourth" }), /same folder/);
  }));

Deno.test("each change is published as the event that tells it, and what is no change is not", () =>
  withStage(async ({ context, published, documents, write }) => {
    await deployCommand(options, context);
    const [stored] = await documents();
    await deployCommand(options, context);
    await write("config.json", '{"symbol": "BTC"}');
    await deployCommand(options, context);
    await enableCommand({ ids: ["mine", "nobody"], enabled: false }, context);
    assert.equal(await removeCommand(["mine", "nobody"], context), 1);
    assert.deepEqual(await documents(), []);
    const read = published.map((change) => {
      const { subject, payload } = writeBotEvent(change, "the0.bot");
      const parsed = parseBotEvent({ subject, subjectPrefix: "the0.bot", payload, order: {} });
      assert.ok("change" in parsed, subject);
      return parsed.change;
    });
    assert.deepEqual(read.map(({ type, id }) => `${type} ${id}`), [
      "created mine",
      "updated mine",
      "updated mine",
      "deleted mine",
    ]);
    const fields = read.map((change) => change.type === "deleted" ? undefined : change.document);
    const { config_text: _, ...values } = stored!.document;
    assert.deepEqual(fields[0], values);
    assert.deepEqual(fields[2], { id: "mine", enabled: false });
  }, () => Promise.resolve()));

Deno.test("berth deploy writes the document also when the event bus is down, and says so", () =>
  withStage(async ({ context, said, write, documents, schedules }) => {
    const deployed = async (within: string) => {
      assert.equal(await deployCommand(options, context), 0);
      const found = `The change is saved; a running service finds it within ${within}.`;
      assert.ok(said().endsWith(`\nCannot publish to nats: it is down. ${found}`));
    };
    await deployed("30 s");
    assert.deepEqual((await documents()).map(({ key }) => key), ["mine"]);
    await removeCommand(["mine"], context);
    await write("bot-config.yaml", SCHEDULED);
    await deployed("10 minutes");
    assert.deepEqual((await schedules()).map(({ key }) => key), ["mine"]);
  }, () => Promise.reject(new EventsUnavailableError("Cannot publish to nats: it is down."))));

Deno.test("berth remove takes away the archives of a bot whose removal was cut off", () =>
  withStage(async ({ context, said, archives, documents }) => {
    await deployCommand(options, context);
    await using stores = await openStores(parseServiceConfig(context.env));
    await stores.bots.apply({ type: "deleted", id: "mine", order: { publishedAt: Date.now() + 1 } });
    assert.equal((await archives()).length, 1);
    said();
    assert.equal(await removeCommand(["mine"], context), 1);
    assert.equal(said(), "berth: There is no bot or schedule 'mine'; 'berth bots' lists them.");
    assert.deepEqual([await documents(), await archives()], [[], []]);
  }));

const SCHEDULED = `name: mine
version: 1.0.0
schedule: "0 9 * * mon-fri"
entrypoints:
  bot: main.py
`;

Deno.test("berth deploy makes a schedule of a folder that has one; enable, disable and remove work for it", () =>
  withStage(
    async ({ context, said, write, archives, documents, schedules, published, publishedSchedules }) => {
      await write("bot-config.yaml", SCHEDULED);
      await write("config.json", '{"berth": {"timezone": "Europe/Berlin", "retries": 2}}');
      await deployCommand(options, context);
      assert.match(
        said(),
        /^mine is deployed: version 1\.0\.0, runs at 0 9 \* \* mon-fri \(Europe\/Berlin\)$/m,
      );
      const [stored, ...more] = await schedules();
      assert.deepEqual([stored?.key, more], ["mine", []]);
      const config = { schedule: "0 9 * * mon-fri", berth: { timezone: "Europe/Berlin", retries: 2 } };
      assert.deepEqual(stored?.document.config, config);
      await write("main.py", "def main(id, config): return 2\n");
      await deployCommand({ ...options, json: true }, context);
      const { kind, isNew, schedule } = JSON.parse(said().split("\n")[0]!);
      assert.deepEqual([kind, isNew, schedule], ["schedule", false, "0 9 * * mon-fri (Europe/Berlin)"]);
      assert.equal((await archives()).length, 2);

      assert.equal(await enableCommand({ ids: ["mine"], enabled: false }, context), 0);
      assert.match(said(), /^mine is disabled$/m);
      assert.equal((await schedules())[0]?.document.enabled, false);
      assert.equal(await enableCommand({ ids: ["mine"], enabled: true }, context), 0);
      assert.equal(await removeCommand(["mine"], context), 0);
      assert.deepEqual([await schedules(), await documents(), await archives()], [[], [], []]);
      assert.deepEqual(publishedSchedules.map(({ type }) => type), [
        "created",
        "updated",
        "updated",
        "updated",
        "deleted",
      ]);
      assert.deepEqual(published, []);
    },
    () => Promise.resolve(),
  ));

Deno.test("berth deploy refuses a schedule that cannot be run, that is a bot already, or that nobody serves", () =>
  withStage(async ({ context, write, archives, schedules }) => {
    await deployCommand(options, context);
    const refused = (message: RegExp, env = {}) =>
      assert.rejects(deployCommand(options, { ...context, env: { ...context.env, ...env } }), message);
    await write("bot-config.yaml", SCHEDULED);
    await refused(
      /'mine' is already deployed as a bot, and this folder is a schedule\. .*'berth remove mine'/,
    );
    await removeCommand(["mine"], context);
    await refused(/SERVICES says that schedules are not served/, { SERVICES: "bots" });
    await write("bot-config.yaml", SCHEDULED.replace("0 9 * * mon-fri", "0 0 30 2 *"));
    await refused(/Cannot deploy '.*' as 'mine': config\.schedule: .*never/);
    assert.deepEqual([await schedules(), await archives()], [[], []]);
    await write("bot-config.yaml", SCHEDULED);
    await deployCommand(options, context);
    await write("bot-config.yaml", SCHEDULED.replace(/schedule.*\n/, ""));
    await refused(/'mine' is already deployed as a schedule, and this folder is a bot/);
  }));
