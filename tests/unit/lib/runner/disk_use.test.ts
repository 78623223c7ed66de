import assert from "node:assert/strict";
import { describeExit } from "../../../../lib/runner/describe_exit.ts";
import { describeDiskUse } from "../../../../lib/runner/disk_use.ts";

const MIB = 1024 * 1024;
const use = { bytes: 300 * MIB, layerBytes: 0, limitBytes: 256 * MIB };

Deno.test("describeDiskUse() names size, limit, place and remedy", () => {
  assert.equal(
    describeDiskUse({ ...use, largest: { path: "data/x.bin", bytes: 290 * MIB } }),
    'wrote 300 MB to disk and may write 256 MB, most of it to "data/x.bin" in its code folder; ' +
      "let it write less, or raise BOT_DISK_LIMIT_MB",
  );
  assert.match(
    describeDiskUse({ ...use, largest: { path: "one", bytes: MIB } }),
    /to its code folder, where "one" is the largest file;/,
  );
  assert.match(describeDiskUse({ ...use, layerBytes: 200 * MIB }), /outside its code folder/);
  assert.match(describeDiskUse(use), /^wrote 300 MB to disk and may write 256 MB; let/);
});

Deno.test("describeDiskUse() shows no control characters that a bot put into a name", () => {
  const path = `\u001b[31m\u202e${"x".repeat(300)}\n`;
  const said = describeDiskUse({ ...use, largest: { path, bytes: 300 * MIB } });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(said, /[\u0000-\u001f\u202e]/);
  assert.ok(said.length < 300);
});

Deno.test("describeExit() says that a program was stopped for what it wrote", () => {
  assert.equal(
    describeExit({ exitCode: 143, diskUse: use }),
    "wrote 300 MB to disk and may write 256 MB; let it write less, or raise BOT_DISK_LIMIT_MB; " +
      "it was stopped (exit code 143 (SIGTERM))",
  );
});
