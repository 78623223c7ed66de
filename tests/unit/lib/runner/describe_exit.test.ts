import assert from "node:assert/strict";
import { describeExit, describeOwnExit, tellExit } from "../../../../lib/runner/describe_exit.ts";

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
  assert.equal(describeExit({ reason: "No such image: x" }), "exit code unknown: No such image: x");
  assert.equal(tellExit({ reason: "No such image: x" }), "it ended, exit code unknown: No such image: x");
});

for (
  const [exitCode, words] of [
    [126, "exit code 126 (its program cannot be executed)"],
    [127, "exit code 127 (its program was not found)"],
    [130, "exit code 130 (SIGINT)"],
    [134, "exit code 134 (SIGABRT: it aborted itself)"],
    [135, "exit code 135 (SIGBUS: often a full folder in memory, such as /dev/shm)"],
    [139, "exit code 139 (SIGSEGV: a crash in native code)"],
    [153, "exit code 153 (SIGXFSZ: a file that outgrew the disk limit)"],
    [159, "exit code 159 (SIGSYS: a system call that the engine forbids)"],
    [129, "exit code 129 (SIGHUP)"],
    [128, "exit code 128"],
  ] as const
) {
  Deno.test(`describeExit() explains exit code ${exitCode}`, () =>
    assert.equal(describeExit({ exitCode }), words));
}

Deno.test("describeOwnExit() says that somebody else stopped the program, and tellExit() makes a sentence of it", () => {
  const by = "something other than Berth stopped it";
  assert.equal(describeOwnExit({ exitCode: 143 }), `exit code 143 (SIGTERM: ${by})`);
  assert.equal(describeOwnExit({ exitCode: 130 }), `exit code 130 (SIGINT: ${by})`);
  assert.equal(describeOwnExit({ exitCode: 1 }), "exit code 1");
  assert.equal(tellExit({ exitCode: 2 }), "it ended with exit code 2");
  assert.equal(
    tellExit({ exitCode: 137, oomKilled: true, memoryBytes: 64 * 1024 ** 2 }),
    "it ran out of memory: had 64 MB (exit code 137)",
  );
  const diskUse = { bytes: 2 ** 21, layerBytes: 0, limitBytes: 2 ** 20, isOwnLimit: true } as const;
  assert.equal(
    tellExit({ exitCode: 143, diskUse }),
    "it wrote 2 MB to disk and may write 1 MB; let it write less, or raise disk_mb; it was stopped (exit code 143 (SIGTERM))",
  );
});
