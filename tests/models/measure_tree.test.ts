import assert from "node:assert/strict";
import { ENTRY_BYTES, measureTree } from "../../lib/util/measure_tree.ts";
import { FolderFixture } from "../support/fixtures/folder_fixture.ts";

const MIB = 1024 * 1024;

Deno.test("measureTree() adds up what is on the disk, and names the largest file", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  await Deno.mkdir(`${folder}/a/b`, { recursive: true });
  await Deno.writeFile(`${folder}/a/b/large`, new Uint8Array(3 * MIB));
  await Deno.writeFile(`${folder}/small`, new Uint8Array(MIB));
  const { bytes, largest } = await measureTree(folder, { enoughBytes: Infinity });
  assert.ok(bytes >= 4 * MIB && bytes < 4.5 * MIB, `${bytes} bytes`);
  assert.equal(largest?.path, "a/b/large");
  assert.ok(largest.bytes >= 3 * MIB);
});

Deno.test("measureTree() counts a hole as nothing, a second link as an entry, and follows no link", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  await Deno.writeFile(`${folder}/file`, new Uint8Array(2 * MIB));
  await Deno.link(`${folder}/file`, `${folder}/again`);
  await Deno.symlink("/usr", `${folder}/usr`);
  await Deno.symlink(".", `${folder}/circle`);
  await Deno.truncate(await touched(`${folder}/hole`), 1000 * MIB);
  const { bytes } = await measureTree(folder, { enoughBytes: Infinity });
  assert.ok(bytes >= 2 * MIB && bytes < 2.5 * MIB, `${bytes} bytes`);
});

Deno.test("measureTree() counts each empty file, because it takes an inode", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  for (let index = 0; index < 500; index++) await touched(`${folder}/${index}`);
  const { bytes } = await measureTree(folder, { enoughBytes: Infinity });
  assert.equal(bytes, 500 * ENTRY_BYTES);
});

Deno.test("measureTree() ends early, and finds nothing in a folder that is not there", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  for (let index = 0; index < 100; index++) await touched(`${folder}/${index}`);
  const { bytes } = await measureTree(folder, { enoughBytes: 10 * ENTRY_BYTES });
  assert.equal(bytes, 11 * ENTRY_BYTES);
  assert.equal((await measureTree(`${folder}/none`, { enoughBytes: 1 })).bytes, 0);
});

Deno.test("measureTree() leaves the event loop free while it measures many files", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  for (let index = 0; index < 5000; index++) Deno.writeTextFileSync(`${folder}/${index}`, "");
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  try {
    const { bytes } = await measureTree(folder, { enoughBytes: Infinity });
    assert.equal(bytes, 5000 * ENTRY_BYTES);
    assert.ok(turns > 0);
    const signal = AbortSignal.abort(new Error("given up"));
    await assert.rejects(measureTree(folder, { enoughBytes: Infinity, signal }), /abort|given up/i);
  } finally {
    clearInterval(timer);
  }
});

async function touched(path: string): Promise<string> {
  await Deno.writeTextFile(path, "");
  return path;
}
