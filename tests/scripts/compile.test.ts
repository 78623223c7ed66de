import assert from "node:assert/strict";
import { ROOT } from "../support/builders/doc_blocks.ts";

/**
 * `deno compile` parses every script of every npm package that main.ts can reach, also scripts that nothing imports,
 * and fails at one that Deno cannot parse. It appends the scripts to the program `denort`, which it would download.
 * This test gives it Deno itself instead, which needs no network; only a real `denort` could run the result.
 */
Deno.test("deno compile makes a program of main.ts", async () => {
  const temp = await Deno.makeTempDir({ prefix: "berth-compile-" });
  try {
    const program = `${temp}/berth`;
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["compile", "--quiet", "-A", "--no-check", "-o", program, "main.ts"],
      cwd: ROOT,
      env: { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
      stdout: "null",
      signal: AbortSignal.timeout(120_000),
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const [made, deno] = await Promise.all([Deno.stat(program), Deno.stat(Deno.execPath())]);
    assert.ok(made.size > deno.size, "it holds more than Deno");
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
});
