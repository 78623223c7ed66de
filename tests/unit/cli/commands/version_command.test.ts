import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { CliContext } from "../../../../cli/context.ts";
import { commitOf, versionCommand } from "../../../../cli/commands/version_command.ts";
import { EngineUnavailableError } from "../../../../lib/errors.ts";
import PROJECT from "../../../../deno.json" with { type: "json" };

const HASH = "0123456789abcdef0123456789abcdef01234567";

function contextWith(info: () => Promise<unknown>): { context: CliContext; lines: string[] } {
  const lines: string[] = [];
  const context = {
    env: {},
    terminal: { out: (line: string) => lines.push(line) },
    signal: new AbortController().signal,
    createOrchestrator: () => Promise.resolve({ info, [Symbol.asyncDispose]: () => Promise.resolve() }),
  } as unknown as CliContext;
  return { context, lines };
}

Deno.test("berth version prints the versions of Berth, Deno and the engine", async () => {
  const { context, lines } = contextWith(() => Promise.resolve({ version: "20.10.24", apiVersion: "1.41" }));
  assert.equal(await versionCommand({ json: false }, context), 0);
  assert.match(lines.join("\n"), new RegExp(`^berth {3}${PROJECT.version.replaceAll(".", "\\.")}`));
  assert.ok(lines.includes(`deno    ${Deno.version.deno}`));
  assert.ok(lines.includes("engine  20.10.24, API 1.41"));
  await versionCommand({ json: true }, context);
  const { berth, deno, engine } = JSON.parse(lines.at(-1)!);
  assert.deepEqual([berth, deno, engine], [PROJECT.version, Deno.version.deno, {
    version: "20.10.24",
    apiVersion: "1.41",
  }]);
});

Deno.test("berth version says why the engine does not answer, and works nevertheless", async () => {
  const { context, lines } = contextWith(() =>
    Promise.reject(new EngineUnavailableError("No socket there."))
  );
  assert.equal(await versionCommand({ json: false }, context), 0);
  assert.equal(lines.at(-1), "engine  No socket there.");
});

Deno.test("commitOf() reads a branch, a packed branch, a detached head and an image's file", async () => {
  for (
    const [files, found] of [
      [{ ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": `${HASH}\n` }, HASH],
      [
        {
          ".git/HEAD": "ref: refs/heads/main\n",
          ".git/packed-refs": `# pack-refs\n${HASH} refs/heads/main\n`,
        },
        HASH,
      ],
      [{ ".git/HEAD": `${HASH}\n` }, HASH],
      [{ ".commit": `${HASH}\n` }, HASH],
      [{ ".commit": "\n" }, undefined],
      [{}, undefined],
    ] as const
  ) {
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    try {
      for (const [path, text] of Object.entries(files)) {
        await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(`${folder}/${path}`, text);
      }
      assert.equal(await commitOf(pathToFileURL(`${folder}/`)), found, JSON.stringify(files));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
});
