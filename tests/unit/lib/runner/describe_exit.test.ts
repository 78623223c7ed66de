import assert from "node:assert/strict";
import { describeExit } from "../../../../lib/runner/describe_exit.ts";

Deno.test("describeExit() says memory and signals in words", () => {
  const memoryBytes = 512 * 1024 ** 2;
  assert.equal(describeExit({ exitCode: 0 }), "exit code 0");
  assert.equal(describeExit({ exitCode: 1, oomKilled: false, memoryBytes }), "exit code 1");
  assert.equal(describeExit({ exitCode: 143 }), "exit code 143 (SIGTERM)");
  assert.equal(describeExit({ exitCode: 137 }), "exit code 137 (SIGKILL)");
  assert.equal(
    describeExit({ exitCode: 137, oomKilled: true, memoryBytes }),
    "out of memory: had 512 MB (exit code 137)",
  );
  assert.equal(
    describeExit({ exitCode: 137, memoryBytes }),
    "exit code 137 (SIGKILL), perhaps out of memory: had 512 MB",
  );
  assert.equal(describeExit({ exitCode: 1, oomKilled: true }), "exit code 1, after it ran out of memory");
  assert.equal(describeExit({ exitCode: 0, oomKilled: true, memoryBytes }), "exit code 0");
  assert.equal(describeExit({ exitCode: 255 }), "exit code 255");
  assert.equal(describeExit({}), "exit code unknown");
});
