import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { libraryExample, ROOT } from "../support/builders/doc_blocks.ts";

/** A folder outside the checkout, as a newcomer has it, with nothing but the page's import map. */
/** A program of docs/library.md in a folder of its own. */
class ProgramFixture implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(block: "store" | "runner"): Promise<ProgramFixture> {
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    await Deno.writeTextFile(`${folder}/yours.ts`, await libraryExample(block));
    const map = (await libraryExample("deno.json")).replaceAll("../berth/", ROOT);
    await Deno.writeTextFile(`${folder}/deno.json`, map);
    return new ProgramFixture(folder);
  }

  readonly deno = async (...args: string[]): Promise<void> => {
    const env = { NO_COLOR: "1", HOME: this.folder, DENO_DIR: await denoDir() };
    const command = new Deno.Command(Deno.execPath(), { args, cwd: this.folder, env });
    const { success, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

// tests/engine/permissions.test.ts runs it.
Deno.test("the example of docs/library.md passes the type check", async () => {
  await using fixture = await ProgramFixture.open("runner");
  const { deno } = fixture;
  await deno("check", "--quiet", "yours.ts");
});

Deno.test("the example of store.put in docs/library.md puts an archive into the code bucket", async () => {
  await using fixture = await ProgramFixture.open("store");
  const { folder, deno } = fixture;
  const archive = zipSync({ "main.py": new TextEncoder().encode("def main(id, config): pass\n") });
  await Deno.writeFile(`${folder}/my-bot.zip`, archive);
  // The default is MinIO where the environment of the test run names one.
  const own = ["MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "DATA_DIR", "XDG_DATA_HOME"];
  await deno("run", "--quiet", "-A", `--ignore-env=${own.join(",")}`, "yours.ts");
  const stored = `${folder}/.local/share/berth/objects/custom-bots/me/my-bot/1.0.0`;
  assert.deepEqual(await Deno.readFile(stored), archive);
});
