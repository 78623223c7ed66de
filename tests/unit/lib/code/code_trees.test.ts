import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { ExtractionPool } from "../../../../lib/archive/extraction_pool.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../../../lib/archive/archive_limits.ts";
import { findScript } from "../../../../lib/code/code_tree.ts";
import { CodeTrees } from "../../../../lib/code/code_trees.ts";
import { copyTree } from "../../../../lib/code/copy_tree.ts";
import type { CachedArchive } from "../../../../lib/code/list_archives.ts";
import { InvalidArchiveError } from "../../../../lib/errors.ts";
import { buildZip, type ZipPart } from "../../../support/builders/zip_builder.ts";

class TreesFixture implements AsyncDisposable {
  readonly folder: string;
  /** Hashes that containers use. */
  readonly used: Set<string> = new Set();
  readonly #root: string;
  readonly #extractor = new ExtractionPool();

  private constructor(root: string) {
    this.#root = root;
    this.folder = `${root}/trees`;
  }

  static async open(): Promise<TreesFixture> {
    return new TreesFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
  }

  readonly trees = (maxBytes = 2 ** 30): CodeTrees =>
    new CodeTrees({
      folder: this.folder,
      extractor: this.#extractor,
      limits: DEFAULT_ARCHIVE_LIMITS,
      maxBytes,
      inUse: () => Promise.resolve(this.used),
    });

  readonly archive = async (files: Record<string, string | Uint8Array>): Promise<CachedArchive> => {
    const parts = Object.entries(files).map(([name, content]): ZipPart => ({
      name,
      content: typeof content === "string" ? new TextEncoder().encode(content) : content,
      method: 8,
    }));
    const bytes = buildZip(parts);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const path = `${this.#root}/${sha256}.zip`;
    await Deno.writeFile(path, bytes);
    return { path, sha256, size: bytes.length };
  };

  readonly names = async (): Promise<string[]> =>
    (await Array.fromAsync(Deno.readDir(this.folder))).map(({ name }) => name).sort();

  async [Symbol.asyncDispose](): Promise<void> {
    await using _extractor = this.#extractor;
    await Deno.remove(this.#root, { recursive: true });
  }
}

const NOISE = randomBytes(300_000);

function contentOf(trees: CodeTrees, sha256: string, path: string): Promise<{ value: string } | undefined> {
  return trees.use(sha256, (tree) => Deno.readTextFile(`${tree.path}/${path}`));
}

Deno.test("CodeTrees extracts an archive once, also for a later process", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder, names } = fixture;
  const one = await archive({ "main.py": "x = 1\n", "pkg/a.py": "y = 2\n" });
  const first = trees();
  assert.equal(await first.use(one.sha256, () => Promise.resolve(1)), undefined);
  await Promise.all([1, 2, 3].map(() => first.make(one)));
  assert.deepEqual(await names(), [one.sha256]);
  const { ino } = await Deno.stat(`${folder}/${one.sha256}/code/main.py`);
  const later = trees();
  await later.make(one);
  assert.deepEqual(await contentOf(later, one.sha256, "pkg/a.py"), { value: "y = 2\n" });
  assert.equal((await Deno.stat(`${folder}/${one.sha256}/code/main.py`)).ino, ino, "not extracted again");
});

Deno.test("CodeTrees takes over a tree that another process has made since it began", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const [one, two] = [await archive({ "main.py": "x = 1\n" }), await archive({ "main.py": "x = 2\n" })];
  const [here, other] = [trees(), trees()];
  assert.equal(await contentOf(here, one.sha256, "main.py"), undefined);
  for (const each of [one, two]) await other.make(each);
  assert.deepEqual(await contentOf(here, one.sha256, "main.py"), { value: "x = 1\n" });
  const { ino } = await Deno.stat(`${folder}/${one.sha256}/code/main.py`);
  await here.make(one);
  assert.equal((await Deno.stat(`${folder}/${one.sha256}/code/main.py`)).ino, ino, "not extracted again");
  await Deno.remove(`${folder}/${two.sha256}/manifest.json`);
  assert.equal(await contentOf(here, two.sha256, "main.py"), undefined, "it is damaged");
  await here.make(two);
  assert.deepEqual(await contentOf(here, two.sha256, "main.py"), { value: "x = 2\n" });
});

Deno.test("CodeTrees closes trees to other users, and lets every user write to a view of them", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const one = await archive({ "pkg/a.py": "x" });
  await trees().make(one);
  const modeOf = async (path: string) => (await Deno.stat(`${folder}/${path}`)).mode! & 0o777;
  assert.deepEqual(
    await Promise.all(
      ["", one.sha256, `${one.sha256}/code/pkg`, `${one.sha256}/code/pkg/a.py`].map(modeOf),
    ),
    [0o700, 0o700, 0o777, 0o666],
  );
});

Deno.test("CodeTrees links files that another tree has, and only equal ones", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const files = { "lib/big.bin": NOISE, "main.py": "x = 1\n", "same.py": "s = 1\n", "none.py": "" };
  const [one, two] = [await archive(files), await archive({ ...files, "main.py": "x = 2\n" })];
  const all = trees();
  await all.make(one);
  await all.make(two);
  const inodeOf = async ({ sha256 }: CachedArchive, path: string) =>
    (await Deno.stat(`${folder}/${sha256}/code/${path}`)).ino;
  for (const [path, isShared] of [["lib/big.bin", true], ["same.py", true], ["main.py", false]] as const) {
    assert.equal(await inodeOf(one, path) === await inodeOf(two, path), isShared, path);
  }
  assert.deepEqual(await contentOf(all, one.sha256, "main.py"), { value: "x = 1\n" });
  assert.deepEqual(await contentOf(all, two.sha256, "main.py"), { value: "x = 2\n" });
});

Deno.test("CodeTrees extracts again what a cleaner took a part of", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder, used } = fixture;
  const one = await archive({ "main.py": "x", "a.py": "a" });
  await trees().make(one);
  used.add(one.sha256);
  for (const lost of ["a.py", ""]) {
    await Deno.remove(`${folder}/${one.sha256}/code/${lost}`, { recursive: true });
    const next = trees();
    assert.deepEqual([...await next.refresh()], [one.sha256]);
    assert.equal(await contentOf(next, one.sha256, "main.py"), undefined);
    await next.make(one);
    assert.deepEqual(await contentOf(next, one.sha256, "a.py"), { value: "a" });
    assert.deepEqual([...await next.refresh()], []);
  }
});

Deno.test("CodeTrees does not use a tree that a loss of power has emptied", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const one = await archive({ "main.py": "content" });
  await trees().make(one);
  await Deno.truncate(`${folder}/${one.sha256}/code/main.py`);
  assert.equal(await contentOf(trees(), one.sha256, "main.py"), undefined);
});

Deno.test("CodeTrees.refresh() makes files look used, and leaves their times of change", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder, used } = fixture;
  const one = await archive({ "main.py": "x" });
  const all = trees();
  await all.make(one);
  used.add(one.sha256);
  const path = `${folder}/${one.sha256}/code/main.py`;
  const changed = (await Deno.stat(path)).mtime!;
  await Deno.utime(path, 1_000_000, changed);
  await all.refresh();
  const after = await Deno.stat(path);
  assert.equal(after.mtime!.getTime(), changed.getTime());
  assert.ok(Date.now() - after.atime!.getTime() < 60_000);
});

Deno.test("CodeTrees evicts the least recently used, and none that is used", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, names, used } = fixture;
  const archives = await Promise.all(
    ["a", "b", "c", "d"].map((name) => archive({ [name]: name.repeat(1000) })),
  );
  const [a, b, c, d] = archives.map(({ sha256 }) => sha256) as [string, string, string, string];
  const all = trees(2000);
  await all.make(archives[0]!);
  await all.make(archives[1]!);
  used.add(a);
  await all.use(b, async () => {
    await all.make(archives[2]!);
    assert.deepEqual(await names(), [a, b, c].sort(), "a is used by a container, b by us");
  });
  await all.make(archives[3]!);
  assert.deepEqual(await names(), [a, d].sort());
});

Deno.test("CodeTrees.removeUnused() removes what no container and no recent start has used", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, names, used } = fixture;
  const archives = await Promise.all(["a", "b", "c"].map((name) => archive({ [name]: name })));
  const [a, b, c] = archives.map(({ sha256 }) => sha256) as [string, string, string];
  const all = trees();
  for (const each of archives) await all.make(each);
  used.add(a);
  const yesterday = new Date(Date.now() - 86_400_000);
  for (const sha256 of [a, b]) await Deno.utime(`${fixture.folder}/${sha256}`, yesterday, yesterday);
  await all.removeUnused(3_600_000);
  assert.deepEqual(await names(), [a, c].sort());
  assert.equal(await all.use(b, () => Promise.resolve()), undefined);
});

Deno.test("CodeTrees makes room when the disk is full for who uses a tree", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, names, used } = fixture;
  const archives = await Promise.all(["a", "b", "c"].map((name) => archive({ [name]: name })));
  const [, b, c] = archives.map(({ sha256 }) => sha256) as [string, string, string];
  const all = trees();
  for (const each of archives) await all.make(each);
  used.add(b);
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
  await assert.rejects(all.use(c, () => Promise.reject(full)), /no space left/);
  assert.deepEqual(await names(), [b, c].sort());
});

Deno.test("CodeTrees keeps nothing of an archive that is refused", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, names } = fixture;
  const one = await archive({ "../x": "x" });
  await assert.rejects(trees().make(one), InvalidArchiveError);
  assert.deepEqual(await names(), []);
});

Deno.test("findScript() finds a name that is packed in another Unicode form", () => {
  const manifest = { files: [{ path: "bu\u0308cher.py", key: "", size: 1 }], folders: [] };
  assert.equal(findScript(manifest, "bücher.py"), "bu\u0308cher.py");
  assert.throws(() => findScript(manifest, "main.py"), {
    problem: "missing-script",
    message: /lacks the file 'main\.py'/,
  });
});

Deno.test("CodeTrees finds that a copy has lost its files, not that a bot removed one or added some", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const one = await archive({ "main.py": "x", "pkg/a.py": "y" });
  const all = trees();
  await all.make(one);
  const copy = `${folder}/../copy`;
  await Deno.mkdir(copy);
  await all.use(one.sha256, (tree) => copyTree(tree, copy));
  assert.equal(all.isGoneFrom(copy, one.sha256), false);
  await Deno.remove(`${copy}/main.py`);
  await Deno.writeTextFile(`${copy}/own.txt`, "written by the bot");
  assert.equal(all.isGoneFrom(copy, one.sha256), false);
  await Deno.remove(`${copy}/pkg`, { recursive: true });
  assert.equal(all.isGoneFrom(copy, one.sha256), true);
  assert.equal(all.isGoneFrom(copy, "0".repeat(64)), false, "nothing is known of it");
});

Deno.test("copyTree() keeps content and times of many files and of large ones, and stops when aborted", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`pkg/${i}.py`, `${i}`]));
  const one = await archive({ ...many, "large.bin": randomBytes(2 * 1024 ** 2) });
  const all = trees();
  await all.make(one);
  const [copy, stopped] = [`${folder}/../copy`, `${folder}/../stopped`];
  await Deno.mkdir(copy);
  await Deno.mkdir(stopped);
  await all.use(one.sha256, async (tree) => {
    const before = new Date("2020-01-01T00:00:00Z");
    await Deno.utime(`${tree.path}/pkg/7.py`, before, before);
    await copyTree(tree, copy);
    for (const { path, size } of tree.manifest.files) {
      assert.equal((await Deno.stat(`${copy}/${path}`)).size, size, path);
    }
    assert.deepEqual(
      await Deno.readFile(`${copy}/large.bin`),
      await Deno.readFile(`${tree.path}/large.bin`),
    );
    assert.deepEqual((await Deno.stat(`${copy}/pkg/7.py`)).mtime, before);
    const stop = new AbortController();
    const copying = copyTree(tree, stopped, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(copying, /enough/);
  });
  assert.equal((await Array.fromAsync(Deno.readDir(`${stopped}/pkg`))).length < 250, true);
});

Deno.test("copyTree() makes a copy that shares nothing, with what stands below the tree", async () => {
  await using fixture = await TreesFixture.open();
  const { trees, archive, folder } = fixture;
  const one = await archive({ "main.py": "x", "pkg/entrypoint.sh": "own" });
  const all = trees();
  await all.make(one);
  const copy = `${folder}/../copy`;
  await Deno.mkdir(copy);
  await all.use(one.sha256, (tree) => copyTree(tree, copy));
  await Deno.writeTextFile(`${copy}/main.py`, "changed");
  assert.deepEqual(await contentOf(all, one.sha256, "main.py"), { value: "x" });
  assert.equal(await Deno.readTextFile(`${copy}/pkg/entrypoint.sh`), "own");
  assert.match(await Deno.readTextFile(`${copy}/entrypoint.sh`), /^#!\/bin\/sh/);
});
