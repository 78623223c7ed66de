import assert from "node:assert/strict";
import type { FilledWorkspace } from "../../../../lib/runner/code_mounter.ts";
import { PreparedWorkspaces } from "../../../../lib/runner/prepared_workspaces.ts";
import { parseExecutable } from "../../../../lib/executable/executable.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const MINUTE_MS = 60_000;
const FILLED: FilledWorkspace = { sha256: "x", uid: 1, view: { binds: [], overlays: [] }, scripts: [] };
const executableOf = (id: string) =>
  parseExecutable({ id, entrypointFiles: { bot: "main.py" }, filePath: "code", runtime: "python3.11" });

Deno.test("PreparedWorkspaces removes one whose run has not come within five minutes", async () => {
  const clock = new FakeClock();
  const removed: string[] = [];
  let created = 0;
  await using prepared = new PreparedWorkspaces({
    config: { images: { "python3.11": "image" }, instance: "main" },
    workspaces: { create: (prefix) => Promise.resolve(`${prefix}-${++created}`) },
    mounter: { fill: () => Promise.resolve(FILLED) },
    remover: {
      discardFolder: (folder) => {
        removed.push(folder);
        return Promise.resolve();
      },
    },
    users: { ownerOf: () => Promise.resolve({ uid: 1, gid: 1 }) },
    hashes: { whole: ({ id }) => id },
    clock,
  });
  await prepared.prepare(executableOf("old"));
  await clock.advance(4 * MINUTE_MS);
  await prepared.prepare(executableOf("new"));
  assert.deepEqual(removed, []);
  await clock.advance(2 * MINUTE_MS);
  await prepared.removeStale();
  assert.deepEqual(removed, ["run-old-1"]);
  assert.equal(prepared.take(executableOf("old")), undefined);
  assert.equal(prepared.take(executableOf("new"))?.folder, "run-new-2");
});
