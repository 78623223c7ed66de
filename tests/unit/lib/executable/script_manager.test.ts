import assert from "node:assert/strict";
import { parseExecutable } from "../../../../lib/executable/executable.ts";
import { ScriptManager } from "../../../../lib/executable/script_manager.ts";

const BOT = parseExecutable({
  id: "bot",
  runtime: "python3.11",
  entrypointFiles: { bot: "main.py" },
  filePath: "me/bot/1",
  config: { key: "secret" },
});
const NODE_BOT = parseExecutable({ ...BOT, runtime: "nodejs20", entrypointFiles: { bot: "main.js" } });

class ScriptsFixture implements AsyncDisposable {
  readonly scripts: ScriptManager;
  /** Folder of what all bots share. */
  readonly shared: string;
  readonly #temp: string;

  private constructor(temp: string) {
    this.#temp = temp;
    this.shared = `${temp}/scripts`;
    this.scripts = new ScriptManager(this.shared);
  }

  static async open(): Promise<ScriptsFixture> {
    return new ScriptsFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
  }

  /** Makes a folder of a bot. */
  readonly workspace = (): Promise<string> => Deno.makeTempDir({ dir: this.#temp });

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#temp, { recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

Deno.test("ScriptManager writes the wrapper once for all bots of a runtime, and each bot's configuration alone", async () => {
  await using fixture = await ScriptsFixture.open();
  const { scripts, shared, workspace } = fixture;
  const folders = await Promise.all(Array.from({ length: 8 }, workspace));
  const mounts = await Promise.all(folders.map((folder) => scripts.create(BOT, folder)));
  assert.equal(new Set(mounts.map(([wrapper]) => wrapper!.source)).size, 1);
  const [wrapper, config, stopReason] = mounts[0]!;
  assert.deepEqual([wrapper!.target, config!.target, stopReason!.target], [
    "/berth",
    "/berth/config.json",
    "/berth/stop_reason",
  ]);
  assert.ok(mounts.flat().every(({ readOnly }) => readOnly));
  const names = await namesIn(wrapper!.source);
  assert.ok(["config.json", "entrypoint.sh", "python_wrapper.py"].every((name) => names.includes(name)));
  assert.deepEqual(names.filter((name) => name.startsWith(".")), []);
  // A place to mount at: nothing of any bot is in what they share.
  assert.equal(await Deno.readTextFile(`${wrapper!.source}/config.json`), "");
  for (const folder of folders) {
    assert.deepEqual(await namesIn(folder), ["config.json", "stop_reason"]);
    assert.equal(await Deno.readTextFile(`${folder}/config.json`), BOT.config);
    assert.equal((await Deno.stat(`${folder}/config.json`)).mode! & 0o777, 0o400);
  }
  await scripts.create(NODE_BOT, await workspace());
  assert.equal((await namesIn(shared)).length, 2);
});

Deno.test("ScriptManager writes again what a cleaner of temporary files removed", async () => {
  await using fixture = await ScriptsFixture.open();
  const { scripts, shared, workspace } = fixture;
  const [wrapper] = await scripts.create(BOT, await workspace());
  const names = await namesIn(wrapper!.source);
  await Deno.remove(`${wrapper!.source}/python_wrapper.py`);
  await scripts.create(BOT, await workspace());
  assert.deepEqual(await namesIn(wrapper!.source), names);
  await Deno.remove(shared, { recursive: true });
  await scripts.create(BOT, await workspace());
  assert.deepEqual(await namesIn(wrapper!.source), names);
});

Deno.test("ScriptManager overwrites no configuration, and follows no link in its place", async () => {
  await using fixture = await ScriptsFixture.open();
  const { scripts, workspace } = fixture;
  const folder = await workspace();
  await Deno.symlink("/dev/null", `${folder}/config.json`);
  await assert.rejects(scripts.create(BOT, folder), Deno.errors.AlreadyExists);
});
