import { strict as assert } from "node:assert";
import { BuildOutput } from "../../../../lib/dependencies/build_output.ts";
import { builderEnvironment, passwordsIn } from "../../../../lib/dependencies/builder_environment.ts";

Deno.test("BuildOutput keeps the last lines, however many there are, and passes on a bounded number", () => {
  let passed = 0;
  const output = new BuildOutput([], () => passed++);
  for (let index = 0; index < 100_000; index++) output.add(`line ${index}`);
  assert.equal(output.lines.at(-1), "line 99999");
  assert.ok(output.lines.length <= 100);
  assert.ok(passed <= 10_000, `${passed} were passed on`);
});

Deno.test("BuildOutput drops control characters and empty lines, and cuts long lines", () => {
  const output = new BuildOutput([]);
  output.add("\x1b[31merror\x1b[0m\x07 here\r");
  output.add("   ");
  output.add("x".repeat(10_000));
  assert.equal(output.lines[0], "error here");
  assert.equal(output.lines.length, 2);
  assert.ok(output.lines[1]!.length <= 500);
});

Deno.test("BuildOutput hides the passwords of indexes", () => {
  const environment = builderEnvironment({ PIP_INDEX_URL: "https://me:s%40cret99@index.example/simple" });
  const output = new BuildOutput(passwordsIn(environment));
  output.add("Looking in https://me:s%40cret99@index.example and s@cret99");
  assert.equal(output.lines[0], "Looking in https://me:***@index.example and ***");
});

Deno.test("builderEnvironment() tells pip and uv of the same indexes", () => {
  const reveal = (given: Parameters<typeof builderEnvironment>[0]) =>
    Object.fromEntries(
      Object.entries(builderEnvironment(given)).map(([name, value]) => [name, value.reveal()]),
    );
  assert.equal(reveal({ PIP_INDEX_URL: "https://a.example" }).UV_DEFAULT_INDEX, "https://a.example");
  assert.equal(reveal({ UV_DEFAULT_INDEX: "https://b.example" }).PIP_INDEX_URL, "https://b.example");
  assert.deepEqual(reveal({}), {});
});
