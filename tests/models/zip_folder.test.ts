import assert from "node:assert/strict";
import { DEFAULT_ARCHIVE_LIMITS } from "../../lib/archive/archive_limits.ts";
import { checkArchive } from "../../lib/archive/check_archive.ts";
import { extractArchive } from "../../lib/archive/extract_archive.ts";
import { parseZipDirectory } from "../../lib/archive/zip_directory.ts";
import { findZipEnd } from "../../lib/archive/zip_end.ts";
import { zipFolder } from "../../lib/archive/zip_folder.ts";
import { parseTreeManifest } from "../../lib/archive/tree_manifest.ts";
import { u16 } from "../support/builders/zip_builder.ts";

Deno.test("zipFolder() packs what extractArchive() gives back, executable bits and empty folders included", async () => {
  await using folder = await Folder.create();
  const noise = crypto.getRandomValues(new Uint8Array(50_000));
  const large = new Uint8Array([...noise, ...noise.toReversed(), ...noise, ...noise]);
  await folder.write("main.py", "x = 1\n");
  await folder.write("pkg/ключ 🎉.py", "y = 2\n");
  await folder.write("run.sh", "#!/bin/sh\n", 0o755);
  await Deno.writeFile(`${folder.source}/large.bin`, large);
  await Deno.writeTextFile(`${folder.source}/empty.txt`, "");
  await Deno.mkdir(`${folder.source}/void/deeper`, { recursive: true });

  const { archive, contentHash } = await zipFolder(folder.source);
  await Deno.writeFile(`${folder.root}/a.zip`, archive);
  const destination = `${folder.root}/out`;
  const result = extractArchive({ archivePath: `${folder.root}/a.zip`, destination });

  assert.deepEqual(result, { files: 5, bytes: 200_000 + 6 + 6 + 10 });
  assert.deepEqual(checkArchive({ archivePath: `${folder.root}/a.zip` }), { ...result, contentHash });
  assert.deepEqual(await Deno.readFile(`${destination}/large.bin`), large);
  assert.equal(await Deno.readTextFile(`${destination}/pkg/ключ 🎉.py`), "y = 2\n");
  assert.equal(((await Deno.stat(`${destination}/run.sh`)).mode ?? 0) & 0o777, 0o755);
  assert.equal(((await Deno.stat(`${destination}/main.py`)).mode ?? 0) & 0o777, 0o644);
  assert((await Deno.stat(`${destination}/void/deeper`)).isDirectory);
});

Deno.test("zipFolder() gives the same bytes for the same content, in whatever order and time it was made", async () => {
  await using first = await Folder.create();
  await using second = await Folder.create();
  const names = ["b.py", "a/z.py", "a/b/c.py", "a.py", "ä.py"];
  for (const name of names) await first.write(name, name);
  for (const name of names.toReversed()) await second.write(name, name);
  await Deno.utime(`${second.source}/b.py`, 1_000_000_000, 1_000_000_000);
  const { archive, contentHash } = await zipFolder(first.source);
  const other = await zipFolder(second.source);
  assert.deepEqual([archive, contentHash], [other.archive, other.contentHash]);
  const [time, date] = [archive.subarray(10, 12), archive.subarray(12, 14)];
  assert.deepEqual([...time, ...date], [...u16(12 << 11), ...u16((1 << 5) | 1)], "noon of 1 January 1980");
  await second.write("b.py", "other");
  assert.notEqual((await zipFolder(second.source)).contentHash, contentHash);
  await second.write("b.py", "b.py", 0o755);
  assert.notEqual((await zipFolder(second.source)).contentHash, contentHash);
});

Deno.test("zipFolder() packs in the order of the names", async () => {
  await using folder = await Folder.create();
  const names = Array.from({ length: 40 }, (_, index) => `${String((index * 17) % 40).padStart(2, "0")}.py`);
  for (const name of names) await folder.write(name, "x");
  const { archive } = await zipFolder(folder.source);
  const end = findZipEnd(archive, archive.length, archive.subarray(0, 4));
  const entries = parseZipDirectory(
    archive.subarray(end.directoryOffset, end.directoryOffset + end.directorySize),
    end,
    DEFAULT_ARCHIVE_LIMITS,
  );
  assert.deepEqual(entries.map(({ path }) => path), names.toSorted());
});

Deno.test("zipFolder() leaves out what tools keep beside the code, and secrets, at any depth", async () => {
  await using folder = await Folder.create();
  const packed = ["main.py", "pkg/a.py", "node_modules/x/index.js", "vendor/y/z.py", ".env.example"];
  const tools = ["git/config", "venv/bin/python", "DS_Store", "mypy_cache/x", "env", "env.local"];
  for (const name of [...packed, ...tools.flatMap((name) => [`.${name}`, `pkg/.${name}`])]) {
    await folder.write(name, "x");
  }
  await folder.write("pkg/__pycache__/a.pyc", "x");
  await folder.write("node_modules/.cache/x", "x");
  await folder.write("my-environment/pyvenv.cfg", "home = /usr/bin");
  assert.deepEqual(await folder.packed(), packed.toSorted());
});

Deno.test("zipFolder() leaves out what .berthignore names, and packs what it asks for", async () => {
  await using folder = await Folder.create();
  for (
    const name of ["main.py", ".env", "data/a.csv", "data/keep.csv", "notes/x.md", "vendor/v.py", "sub/b.log"]
  ) {
    await folder.write(name, "x");
  }
  await folder.write(".gitignore", "main.py\n");
  await folder.write(".berthignore", "*.csv\r\n!keep.csv\n/notes/\n!.env\nvendor\n");
  await folder.write("sub/.berthignore", "*.log\n");
  assert.deepEqual(await folder.packed(), [".env", ".gitignore", "data/keep.csv", "main.py"]);
  const { leftOut, ignoreFile } = await zipFolder(folder.source);
  assert.equal(ignoreFile, ".berthignore");
  assert.deepEqual(leftOut, ["data/a.csv", "notes/", "sub/b.log", "vendor/"]);
});

Deno.test("zipFolder() heeds .gitignore where there is no other, but not for dependencies, nor for secrets", async () => {
  await using folder = await Folder.create();
  for (const name of ["main.py", ".env", "a.csv", "node_modules/x/a.csv", "vendor/y.py"]) {
    await folder.write(name, "x");
  }
  await folder.write(".gitignore", "node_modules/\nvendor\n*.csv\n!.env\n");
  assert.deepEqual(await folder.packed(), [".gitignore", "main.py", "node_modules/x/a.csv", "vendor/y.py"]);
});

Deno.test("zipFolder() packs links that stay inside as what they lead to", async () => {
  await using folder = await Folder.create();
  await folder.write("main.py", "x = 1\n");
  await folder.write("node_modules/tool/cli.js", "#!/usr/bin/env node\n", 0o755);
  await Deno.mkdir(`${folder.source}/node_modules/.bin`);
  await Deno.symlink("../tool/cli.js", `${folder.source}/node_modules/.bin/tool`);
  await Deno.symlink("node_modules/tool", `${folder.source}/linked`);
  // A virtual environment is nothing but links that leave.
  await Deno.mkdir(`${folder.source}/.venv/bin`, { recursive: true });
  await Deno.symlink("/usr/bin/python3", `${folder.source}/.venv/bin/python`);
  assert.deepEqual(await folder.packed(), [
    "linked/cli.js",
    "main.py",
    "node_modules/.bin/tool",
    "node_modules/tool/cli.js",
  ]);
  const tool = await Deno.stat(`${folder.root}/out/node_modules/.bin/tool`);
  assert.deepEqual([tool.size, tool.mode! & 0o777], [20, 0o777]);
});

Deno.test("zipFolder() rejects what does not belong in an archive", async () => {
  await using folder = await Folder.create();
  await folder.write("main.py", "x");
  const refused = async (message: RegExp) => {
    await assert.rejects(zipFolder(folder.source), { code: "bot-folder/invalid", message });
  };
  await folder.write("../secret", "x");
  for (
    const [target, message] of [
      ["/etc/hostname", /source\/link': it is a symbolic link to '\/etc\/hostname', outside of the folder/],
      ["../secret", /link': it is a symbolic link to '\.\.\/secret', outside/],
      ["../source/../secret", /outside/],
      ["nothing", /link': it is a symbolic link to 'nothing', which is not there/],
      ["link", /source\/link'/],
    ] as const
  ) {
    await Deno.symlink(target, `${folder.source}/link`);
    await refused(message);
    await Deno.remove(`${folder.source}/link`);
  }
  await Deno.mkdir(`${folder.source}/d/e`, { recursive: true });
  for (const target of [folder.source, "..", "."]) {
    await Deno.symlink(target, `${folder.source}/d/e/loop`);
    await refused(/d\/e\/loop': it is a symbolic link to a folder that it lies in/);
    await Deno.remove(`${folder.source}/d/e/loop`);
  }
  await folder.write("a\\b.py", "x");
  await refused(/backslash/);
});

Deno.test("zipFolder() stores what does not shrink, and everything where that is asked for", async () => {
  await using folder = await Folder.create();
  await Deno.writeFile(`${folder.source}/noise`, crypto.getRandomValues(new Uint8Array(60_000)));
  await folder.write("text", "x".repeat(60_000));
  const sizes = async (compress: boolean) => (await zipFolder(folder.source, { compress })).archive.length;
  assert.ok(await sizes(true) < 61_000 && await sizes(true) > 60_000);
  assert.ok(await sizes(false) > 120_000);
  const hashes = await Promise.all([true, false].map((compress) => zipFolder(folder.source, { compress })));
  assert.equal(hashes[0]!.contentHash, hashes[1]!.contentHash);
});

Deno.test("zipFolder() packs a large file in pieces", async () => {
  await using folder = await Folder.create();
  await Deno.writeTextFile(`${folder.source}/large`, "0123456789abcdef".repeat(3 * 1024 ** 2));
  await Deno.writeTextFile(`${folder.root}/small`, "");
  for (const compress of [true, false]) {
    await Deno.remove(`${folder.root}/out`, { recursive: true }).catch(() => {});
    assert.deepEqual(await folder.packed(compress), ["large"]);
    assert.equal((await Deno.stat(`${folder.root}/out/large`)).size, 48 * 1024 ** 2);
  }
});

Deno.test("zipFolder() tells how far it is, from the beginning to the end", async () => {
  await using folder = await Folder.create();
  await folder.write("main.py", "x".repeat(1000));
  const told: number[] = [];
  await zipFolder(folder.source, { onProgress: ({ doneBytes }) => told.push(doneBytes) });
  assert.deepEqual([told[0], told.at(-1)], [0, 1000]);
});

Deno.test("zipFolder() says which folder it cannot read", async () => {
  await assert.rejects(zipFolder("/nowhere/at/all"), {
    code: "bot-folder/invalid",
    message: /'\/nowhere\/at\/all/,
  });
});

Deno.test("zipFolder() stops when aborted", async () => {
  await using folder = await Folder.create();
  await folder.write("main.py", "x");
  await assert.rejects(zipFolder(folder.source, { signal: AbortSignal.abort(new Error("enough")) }), {
    message: "enough",
  });
});

const LARGE = { maxRatio: 10_000 };

/** A folder to pack inside a temporary one. */
class Folder implements AsyncDisposable {
  private constructor(readonly root: string) {}

  static async create(): Promise<Folder> {
    const folder = new Folder(await Deno.makeTempDir({ prefix: "berth-zip-" }));
    await Deno.mkdir(folder.source);
    return folder;
  }

  get source(): string {
    return `${this.root}/source`;
  }

  async write(name: string, text: string, mode = 0o644): Promise<void> {
    const path = `${this.source}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
  }

  /** Paths of the files in its archive, which is extracted to `out`. */
  async packed(compress = true): Promise<string[]> {
    const archivePath = `${this.root}/a.zip`;
    await Deno.writeFile(archivePath, (await zipFolder(this.source, { compress })).archive);
    const manifest = `${this.root}/manifest-${crypto.randomUUID()}`;
    await Deno.remove(`${this.root}/out`, { recursive: true }).catch(() => {});
    extractArchive({
      archivePath,
      destination: `${this.root}/out`,
      shared: { manifest, donors: [] },
      limits: LARGE,
    });
    return parseTreeManifest(await Deno.readTextFile(manifest)).files.map(({ path }) => path).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}
