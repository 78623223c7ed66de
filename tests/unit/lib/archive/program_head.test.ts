import assert from "node:assert/strict";
import { platformProblem, readProgramHead } from "../../../../lib/archive/program_head.ts";
import { buildProgram } from "../../../support/builders/program_builder.ts";

Deno.test("readProgramHead() reads processor and loader", () => {
  assert.deepEqual(readProgramHead(buildProgram("/x")), { architecture: "amd64" });
  assert.deepEqual(readProgramHead(buildProgram("/x", { machine: 183, loader: "/lib/ld.so" })), {
    architecture: "arm64",
    loader: "/lib/ld.so",
  });
  // Position-independent programs are of the type of libraries.
  assert.deepEqual(readProgramHead(buildProgram("/x", { type: 3 })), { architecture: "amd64" });
  assert.deepEqual(readProgramHead(buildProgram("/x", { machine: 9999 })), {
    architecture: "processor 9999",
  });
});

Deno.test("readProgramHead() survives every cut and every byte", () => {
  const whole = buildProgram("/x", { loader: "/lib/ld.so" });
  for (let size = 0; size < whole.length; size++) readProgramHead(whole.slice(0, size));
  for (let at = 0; at < 200; at++) {
    for (const byte of [0, 1, 0x7f, 0xff]) {
      const broken = whole.slice();
      broken[at] = byte;
      readProgramHead(broken);
    }
  }
});

Deno.test("platformProblem() knows which processors run the programs of others", () => {
  assert.equal(platformProblem({ architecture: "amd64" }, "linux/amd64"), undefined);
  assert.equal(platformProblem({ architecture: "386" }, "linux/amd64"), undefined);
  assert.equal(platformProblem({ architecture: "arm" }, "linux/arm64/v8"), undefined);
  assert.match(platformProblem({ architecture: "arm64" }, "linux/amd64")!, /built for arm64, .* for amd64/);
});
