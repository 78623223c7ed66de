import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readBotFolder } from "../../cli/deploy/bot_folder.ts";
import { InvalidArchiveError } from "../../lib/errors.ts";
import { RUNTIMES } from "../../lib/executable/runtimes.ts";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { buildProgram, RUNS_PROGRAMS } from "../support/builders/program_builder.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/runtimes", import.meta.url));
/** They are built first: a program by its compiler, an image by the engine. */
const BUILT = ["binary", "image"];

async function filesOf(folder: string): Promise<Record<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(
      files.map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const),
    ),
  );
}

/** Starts a bot, waits for a line, and stops it. */
async function runUntil(
  { deploy, runner }: RunnerFixture,
  files: Record<string, string | Uint8Array>,
  input: Partial<ExecutableInput>,
  wanted: RegExp,
): Promise<{ readonly how: string; readonly exitCode: number; readonly output: string }> {
  const executable = await deploy(files, input);
  const { containerId } = await runner.startContainer(executable, { wait: false });
  await linesUntil(runner, containerId, wanted);
  return await runner.stopContainer(containerId);
}

Deno.test("every runtime has an example, and every example runs and stops when it is told to", async (t) => {
  const names = (await readdir(EXAMPLES)).filter((name) => RUNTIMES.has(name)).sort();
  const languages = [...RUNTIMES.values()].filter(({ isBinary, name }) =>
    !isBinary && !["python3.11", "nodejs20", "image"].includes(name)
  );
  assert.deepEqual(names, [...languages.map(({ name }) => name), ...BUILT].sort());
  await using fixture = await RunnerFixture.open();
  for (const name of names.filter((name) => !BUILT.includes(name))) {
    await t.step(name, async () => {
      const folder = `${EXAMPLES}/${name}`;
      const { runtime, entrypoints, config } = await readBotFolder(folder);
      const input = { runtime, entrypointFiles: entrypoints, config };
      const { how, exitCode, output } = await runUntil(
        fixture,
        await filesOf(folder),
        input,
        /watches BTC-USD/,
      );
      assert.deepEqual([how, exitCode], ["stopped", 143], output);
    });
  }
});

const SCRIPT = `set -eu
printf '%s %s %s\\n' "$ID" "$(cat "$CONFIG_FILE")" "$(pwd)"
[ ! -e result.json ] || echo "a result is there"
[ -w "$STATE_DIR" ] && echo '{"from": "the program"}' >result.json
`;

Deno.test("bash and binary get id and configuration, run in the code folder, and leave result.json", async (t) => {
  await using fixture = await RunnerFixture.open();
  const { deploy, runner } = fixture;
  const files = { "main.sh": SCRIPT, "bin/main": buildProgram("/backtest/main.sh"), "result.json": "{}" };
  const kinds = [["bash", "main.sh"], ["binary", "bin/main"], ["rust-stable", "bin/main"]] as const;
  for (const [runtime, script] of kinds) {
    const isRun = runtime === "bash" || RUNS_PROGRAMS;
    await t.step({
      name: runtime,
      ignore: !isRun,
      fn: async () => {
        const executable = await deploy(files, {
          runtime,
          entrypoint: "backtest",
          entrypointFiles: { backtest: script },
          config: '{"n":  1.0}',
          persistResults: false,
        });
        const ended = await runner.startContainer(executable);
        assert.equal(ended.status, "success", JSON.stringify(ended));
        assert.equal(ended.output, `${executable.id} {"n":  1.0} /backtest\n`);
        assert.equal(new TextDecoder().decode(ended.result), '{"from": "the program"}\n');
      },
    });
  }
});

const REFUSED: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["a script", "#!/bin/sh\n", /'bot' is a script\. .*runtime of its language/],
  ["a Windows program", "MZ\x90\x00", /'bot' is a program for Windows or \.NET\. /],
  ["text", "hello", /'bot' is no program in Linux's format \(ELF\)/],
  ["an empty file", "", /'bot' is empty/],
  ["half a program", buildProgram("/x").slice(0, 40), /'bot' is a program that is cut off/],
  ["a library", buildProgram("/x", { type: 3, hasEntry: false }), /'bot' is a shared library/],
  ["an object file", buildProgram("/x", { type: 1 }), /'bot' is an object file, which is not linked/],
  [
    "a program for another processor",
    buildProgram("/x", { machine: 22 }),
    /'bot' is built for s390x, and the engine runs programs for \w+\. Build it for linux\/\w+\.$/,
  ],
];

for (const [what, content, message] of REFUSED) {
  Deno.test(`a binary is refused before its start: ${what}`, async () => {
    await using fixture = await RunnerFixture.open();
    const { deploy, runner } = fixture;
    const executable = await deploy({ bot: content }, {
      runtime: "binary",
      entrypointFiles: { bot: "bot" },
    });
    const isRefused = (error: unknown) => {
      assert.ok(error instanceof InvalidArchiveError, String(error));
      assert.equal(error.problem, "not-runnable");
      assert.match(error.message, message);
      return true;
    };
    await assert.rejects(runner.prepare(executable), isRefused);
    await assert.rejects(runner.startContainer(executable, { wait: false }), isRefused);
  });
}

Deno.test("the names of compiled languages say what to build instead", async () => {
  await using fixture = await RunnerFixture.open();
  const { deploy, runner } = fixture;
  const input = { runtime: "dotnet8", entrypointFiles: { bot: "Bot.dll" } };
  const executable = await deploy({ "Bot.dll": "MZ\x90\x00" }, input);
  await assert.rejects(
    runner.prepare(executable),
    /for Windows or \.NET\. .*PublishSingleFile.*runtime image/,
  );
});

Deno.test({
  name: "a binary whose loader is not in the image says so, and which one",
  ignore: !RUNS_PROGRAMS,
  fn: async () => {
    await using fixture = await RunnerFixture.open();
    const { deploy, runner } = fixture;
    const program = buildProgram("/bot/main.sh", { loader: "/lib/ld-musl-none.so.1" });
    const input = { runtime: "binary", entrypointFiles: { bot: "bot" }, isLongRunning: false };
    const ended = await runner.startContainer(await deploy({ bot: program }, input));
    assert.ok(ended.status === "error");
    assert.equal(ended.exitCode, 127);
    assert.match(
      ended.output,
      /^Error: bot needs the loader \/lib\/ld-musl-none\.so\.1, which this image does not/,
    );
  },
});
