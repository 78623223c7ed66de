import assert from "node:assert/strict";
import { zipSync } from "fflate";
import { libraryExample, ROOT } from "../support/builders/doc_blocks.ts";

/** A folder outside the checkout, as a newcomer has it, with nothing but the page's import map. */
async function withProgram(
  block: "store" | "runner",
  work: (folder: string, deno: (...args: string[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const deno = async (...args: string[]) => {
    const env = { NO_COLOR: "1", HOME: folder, DENO_DIR: await denoDir() };
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder, env }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  try {
    await Deno.writeTextFile(`${folder}/yours.ts`, await libraryExample(block));
    const map = (await libraryExample("deno.json")).replace("../berth/", ROOT);
    await Deno.writeTextFile(`${folder}/deno.json`, map);
    await work(folder, deno);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

// tests/engine/permissions.test.ts runs it.
Deno.test("the example of docs/library.md passes the type check", () =>
  withProgram("runner", (_folder, deno) => deno("check", "--quiet", "yours.ts")));

Deno.test("the example of store.put in docs/library.md puts an archive into the code bucket", () =>
  withProgram("store", async (folder, deno) => {
    const archive = zipSync({ "main.py": new TextEncoder().encode("def main(id, config): pass\n") });
    await Deno.writeFile(`${folder}/my-bot.zip`, archive);
    // The default is MinIO where the environment of the test run names one.
    const own = ["MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "DATA_DIR", "XDG_DATA_HOME"];
    await deno("run", "--quiet", "-A", `--ignore-env=${own.join(",")}`, "yours.ts");
    const stored = `${folder}/.local/share/berth/objects/custom-bots/me/my-bot/1.0.0`;
    assert.deepEqual(await Deno.readFile(stored), archive);
  }));
