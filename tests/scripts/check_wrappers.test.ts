import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryFile } from "../support/processes/wrapper_process.ts";

async function check(folders: string[], path?: string): Promise<{ code: number; stdout: string }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", repositoryFile("scripts/check_wrappers.ts"), ...folders],
    env: path === undefined ? {} : { PATH: path },
    stdout: "piped",
    stderr: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

Deno.test("check_wrappers passes the wrappers and the examples, a line for each", async () => {
  const { code, stdout } = await check([]);
  assert.equal(code, 0, stdout);
  for (const file of ["python_wrapper.py", "node_wrapper.cjs", "backtest.py", "price-alerts/main.js"]) {
    assert.match(stdout, new RegExp(`^ok +.*${file}$`, "m"));
  }
});

Deno.test("check_wrappers exits with 1 for a syntax error and leaves no compiled file behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-check-"));
  try {
    for (const [file, text] of [["bad.py", "def main(:"], ["bad.cjs", "let let"]] as const) {
      await writeFile(join(folder, file), text);
      const { code, stdout } = await check([folder]);
      assert.match(stdout, new RegExp(`^ERROR .*${file}$`, "m"));
      assert.equal(code, 1);
      await rm(join(folder, file));
    }
    await writeFile(join(folder, "good.py"), "x = 1");
    assert.equal((await check([folder])).code, 0);
    assert.deepEqual(await readdir(folder), ["good.py"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

Deno.test("check_wrappers says which interpreter is missing and passes its files over", async () => {
  const { code, stdout } = await check([], "/nonexistent");
  assert.match(stdout, /^python3 is not on the PATH: \d+ files not checked$/m);
  assert.match(stdout, /^node is not on the PATH: \d+ files not checked$/m);
  assert.equal(code, 0);
});
