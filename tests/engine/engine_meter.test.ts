import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { EngineHelper } from "../../lib/runner/engine_helper.ts";
import { engineMeter } from "../../lib/runner/engine_meter.ts";
import { measureTree } from "../../lib/util/measure_tree.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { FolderFixture } from "../support/fixtures/folder_fixture.ts";

const HIDE: Readonly<Record<string, string>> = {
  "in a file": 'open(b"\\xff", "wb").write(data)',
  "in a folder": 'os.mkdir(b"\\xff"); os.chmod(b"\\xff", 0); open(b"\\xff/file", "wb").write(data)',
  "too deep for a path": `
for _ in range(30):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
open("file", "wb").write(data)`,
};

for (const [where, script] of Object.entries(HIDE)) {
  Deno.test(`engineMeter() finds what a bot hides ${where}`, async () => {
    await using folder = await FolderFixture.open();
    await using engine = await EngineFixture.open();
    const python = `import os, sys\nos.chdir(sys.argv[1])\ndata = os.urandom(5_000_000)\n${script}\n`;
    const { success } = await new Deno.Command("python3", { args: ["-c", python, folder.path] }).output();
    assert.ok(success);
    const options = { enoughBytes: 1e9 };
    const alone = await measureTree(folder.path, options);
    assert.ok(alone.hidden && alone.bytes < 1_000_000, JSON.stringify(alone));
    const { orchestrator } = engine;
    const ownLabels = {
      [LABEL.managed]: "true",
      [LABEL.instance]: `test-${crypto.randomUUID().slice(0, 8)}`,
    };
    const helper = new EngineHelper({ orchestrator, ownLabels, images: Object.values(IMAGES) });
    const { bytes } = await engineMeter(helper)(folder.path, options);
    assert.ok(bytes >= 5_000_000 && bytes < 6_000_000, `${bytes} bytes`);
    assert.deepEqual(await orchestrator.listContainers({ labels: ownLabels }), []);
  });
}
