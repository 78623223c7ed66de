import assert from "node:assert/strict";
import { checkArchive } from "../../lib/archive/check_archive.ts";
import { FolderPack } from "../../lib/archive/folder_pack.ts";
import { PackCache } from "../../lib/archive/pack_cache.ts";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import { until } from "../support/until.ts";

async function makeTemp(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "berth-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** More than one batch for each thread: many small files, a folder, one that does not shrink, and one above a batch. */
async function largeFolder(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/vendor/deep`, { recursive: true });
  for (let index = 0; index < 450; index++) {
    await Deno.writeTextFile(`${folder}/vendor/deep/${index}.py`, `value = ${index}\n`.repeat(index % 40));
  }
  const noise = new Uint8Array(3 * 1024 ** 2);
  for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  await Deno.writeFile(`${folder}/vendor/noise.so`, noise, { mode: 0o755 });
  await Deno.writeTextFile(`${folder}/main.py`, "# a line\n".repeat(400_000));
}

Deno.test("FolderPack hashes and packs a large folder in threads, always to the same bytes", async () => {
  await using temp = await makeTemp();
  const folder = `${temp.path}/bot`;
  await largeFolder(folder);
  const archives: Uint8Array[] = [];
  for (let round = 0; round < 2; round++) {
    using pack = await FolderPack.open(folder);
    const contentHash = await pack.contentHash();
    const packed = await pack.zip();
    assert.equal(packed.contentHash, contentHash);
    await Deno.writeFile(`${temp.path}/bot.zip`, packed.archive);
    const checked = checkArchive({ archivePath: `${temp.path}/bot.zip` });
    assert.deepEqual([checked.contentHash, checked.files], [contentHash, 452]);
    archives.push(packed.archive);
  }
  assert.deepEqual(archives[0], archives[1]);
  await Deno.writeTextFile(`${folder}/main.py`, "# changed\n", { append: true });
  using changed = await FolderPack.open(folder);
  const stored = await changed.zip({ compress: false });
  assert.equal(stored.contentHash, await changed.contentHash());
  assert.ok(stored.archive.length > archives[0]!.length);
});

Deno.test("FolderPack names a file that went away, and stops when aborted, with its threads ended", async () => {
  await using temp = await makeTemp();
  const folder = `${temp.path}/bot`;
  await largeFolder(folder);
  using pack = await FolderPack.open(folder);
  await Deno.remove(`${folder}/vendor/deep/311.py`);
  await assert.rejects(
    pack.zip(),
    (error) => error instanceof InvalidBotFolderError && /Cannot read '.*deep\/311\.py'/.test(error.message),
  );
  const abort = new AbortController();
  using other = await FolderPack.open(folder);
  const packing = other.zip({ signal: abort.signal });
  abort.abort(new Error("no more"));
  await assert.rejects(packing, /no more/);
});

Deno.test("FolderPack packs only changed files again, whatever its cache holds", async () => {
  await using temp = await makeTemp();
  const [folder, kept] = [`${temp.path}/bot`, `${temp.path}/cache/packs`];
  await largeFolder(folder);
  const pack = async (cache?: PackCache) => {
    using pack = await FolderPack.open(folder, undefined, cache);
    const contentHash = await pack.contentHash();
    const packed = await pack.zip();
    await pack.keep();
    assert.equal(packed.contentHash, contentHash);
    return packed;
  };
  const cached = () => pack(new PackCache(kept));
  const held = async () => {
    const found = await new PackCache(kept).find(folder);
    using now = await FolderPack.open(folder);
    return now.listing.items.filter((item) => found?.find(item)).map(({ name }) => name);
  };
  const both = async () => {
    const packed = await cached();
    assert.deepEqual(packed, await pack());
    return packed;
  };
  const first = await both();
  // Its files changed a moment ago, and may change once more without showing it.
  assert.deepEqual(await held(), []);
  await until("the files are old enough", async () => (await cached(), (await held()).length === 452));
  assert.deepEqual((await both()).archive, first.archive);
  assert.equal((await Deno.stat(kept)).mode! & 0o777, 0o700);
  const [file] = await Array.fromAsync(Deno.readDir(kept));
  assert.equal((await Deno.stat(`${kept}/${file!.name}`)).mode! & 0o777, 0o600);

  // The same size, and the time of before.
  const path = `${folder}/vendor/deep/7.py`;
  const { mtime } = await Deno.stat(path);
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replaceAll("7", "8"));
  await Deno.utime(path, mtime!, mtime!);
  assert.notEqual((await both()).contentHash, first.contentHash);
  await Deno.chmod(`${folder}/vendor/deep/9.py`, 0o755);
  await Deno.remove(`${folder}/vendor/deep/11.py`);
  await Deno.rename(`${folder}/vendor/deep/12.py`, `${folder}/vendor/deep/13.py`);
  await both();

  await cached();
  const bytes = await Deno.readFile(`${kept}/${file!.name}`);
  for (
    const damaged of [bytes.map((byte, at) => at < bytes.length / 2 ? byte : byte ^ 1), bytes.slice(0, 9)]
  ) {
    await Deno.writeFile(`${kept}/${file!.name}`, damaged);
    await both();
  }
  await Deno.remove(kept, { recursive: true });
  await Deno.writeTextFile(kept, "not a folder");
  await both();
});
