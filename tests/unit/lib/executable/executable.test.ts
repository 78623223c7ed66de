import assert from "node:assert/strict";
import { InvalidExecutableError } from "../../../../lib/errors.ts";
import { type ExecutableInput, parseExecutable } from "../../../../lib/executable/executable.ts";

const good: ExecutableInput = { id: "my-bot", entrypointFiles: { bot: "main.py" }, filePath: "me/my-bot/1" };

function problemsOf(change: Record<string, unknown>): string {
  try {
    parseExecutable({ ...good, ...change } as ExecutableInput);
  } catch (error) {
    assert.ok(error instanceof InvalidExecutableError, String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: `accepted ${JSON.stringify(change)}` });
}

Deno.test("parseExecutable() fills in the defaults", () => {
  assert.deepEqual(parseExecutable(good), {
    id: "my-bot",
    runtime: "python3.11",
    entrypoint: "bot",
    entrypointFiles: { bot: "main.py" },
    config: "{}",
    filePath: "me/my-bot/1",
    version: "",
    isLongRunning: true,
    persistResults: false,
    segment: 0,
  });
  const backtest = parseExecutable({
    ...good,
    entrypoint: "backtest",
    entrypointFiles: { backtest: "b.py" },
  });
  assert.equal(backtest.isLongRunning, false);
  assert.equal(backtest.persistResults, true);
});

Deno.test("parseExecutable() keeps JSON text as it is", () => {
  const text = '{ "a": 12345678901234567890, "quote": "\\" $(x) `y` \\n" }';
  assert.equal(parseExecutable({ ...good, config: text }).config, text);
});

for (const id of ["", ".", "..", "a/b", "-a", "_a", "a b", "a\n", "x".repeat(129), "x".repeat(300), "ä"]) {
  Deno.test(`parseExecutable() rejects the id ${JSON.stringify(id.slice(0, 20))} (${id.length})`, () => {
    assert.match(problemsOf({ id }), /id: must begin with a letter or digit/);
  });
}

for (
  const path of [
    "/etc/passwd",
    "../x.py",
    "a/../../x",
    "a//b",
    "./a",
    "a\\b",
    "a\0b",
    "",
    "a/",
  ]
) {
  Deno.test(`parseExecutable() rejects the script path ${JSON.stringify(path)}`, () => {
    assert.match(problemsOf({ entrypointFiles: { bot: path } }), /entrypointFiles\.bot: must/);
  });
}

Deno.test("parseExecutable() accepts ids up to 128 characters", () => {
  for (const id of ["a", "0", "a.b_c-d", "x".repeat(128)]) {
    assert.equal(parseExecutable({ ...good, id }).id, id);
  }
});

Deno.test("parseExecutable() names every problem at once", () => {
  const message = problemsOf({ id: "/", runtime: "cobol", filePath: "", segment: -2 });
  for (const field of ["id", "runtime", "filePath", "segment"]) {
    assert.match(message, new RegExp(`- ${field}: `));
  }
  assert.match(message, /python3\.11, python3\.12, .*nodejs20/);
});

Deno.test("parseExecutable() rejects an entrypoint without a script, and one that is unknown", () => {
  assert.match(problemsOf({ entrypoint: "backtest" }), /entrypointFiles\.backtest: is missing.*given: bot/);
  assert.match(problemsOf({ entrypoint: "live" }), /entrypoint: /);
});

Deno.test("parseExecutable() rejects a configuration that is not an object, without showing it", () => {
  assert.match(problemsOf({ config: "[1]" }), /config: must be a JSON object/);
  const message = problemsOf({ config: '{"key":"hunter22' });
  assert.match(message, /config: must be JSON/);
  assert.doesNotMatch(problemsOf({ config: ["hunter22"] }), /hunter22/);
});

Deno.test("parseExecutable() wants an image with the runtime 'image', and with no other", () => {
  const input = { id: "a", filePath: "a", entrypointFiles: {}, runtime: "image", image: "me/bot:1" };
  assert.deepEqual(parseExecutable(input).entrypointFiles, {});
  const { image: _image, ...without } = input;
  const problem = (more: object, base: typeof without = input) => {
    try {
      parseExecutable({ ...base, ...more });
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(problem({}, without)!, /image: is missing, and the runtime 'image' needs one/);
  assert.match(problem({ image: "Me/bot" })!, /image: must be an image such as/);
  assert.match(problem({ command: [] })!, /command: must name a program/);
  const other = { runtime: "python3.11", entrypointFiles: { bot: "main.py" }, command: ["a"] };
  assert.match(problem(other)!, /image: is only for the runtime 'image'[^]*command: is only for/);
});
