import assert from "node:assert/strict";
import { DEFAULT_ARCHIVE_LIMITS } from "../../lib/archive/archive_limits.ts";
import { extractArchive } from "../../lib/archive/extract_archive.ts";
import { parseZipDirectory } from "../../lib/archive/zip_directory.ts";
import { findZipEnd } from "../../lib/archive/zip_end.ts";
import { zipFolder } from "../../lib/archive/zip_folder.ts";
import { u16 } from "../zip_builder.ts";

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

  await Deno.writeFile(`${folder.root}/a.zip`, await zipFolder(folder.source));
  const destination = `${folder.root}/out`;
  const result = extractArchive({ archivePath: `${folder.root}/a.zip`, destination });

  assert.deepEqual(result, { files: 5, bytes: 200_000 + 6 + 6 + 10 });
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
  const archive = await zipFolder(first.source);
  assert.deepEqual(archive, await zipFolder(second.source));
  const [time, date] = [archive.subarray(10, 12), archive.subarray(12, 14)];
  assert.deepEqual([...time, ...date], [...u16(12 << 11), ...u16((1 << 5) | 1)], "noon of 1 January 1980");
  await second.write("b.py", "other");
  assert.notDeepEqual(await zipFolder(first.source), await zipFolder(second.source));
});

Deno.test("zipFolder() packs in the order of the names", async () => {
  await using folder = await Folder.create();
  const names = Array.from({ length: 40 }, (_, index) => `${String((index * 17) % 40).padStart(2, "0")}.py`);
  for (const name of names) await folder.write(name, "x");
  const archive = await zipFolder(folder.source);
  const end = findZipEnd(archive, archive.length, archive.subarray(0, 4));
  const entries = parseZipDirectory(
    archive.subarray(end.directoryOffset, end.directoryOffset + end.directorySize),
    end,
    DEFAULT_ARCHIVE_LIMITS,
  );
  assert.deepEqual(entries.map(({ path }) => path), names.toSorted());
});

Deno.test("zipFolder() leaves out .git, __pycache__ and .DS_Store, at any depth", async () => {
  await using folder = await Folder.create();
  await folder.write("main.py", "x");
  const whole = await zipFolder(folder.source);
  for (const name of [".git/config", "__pycache__/main.pyc", ".DS_Store"]) await folder.write(name, "x");
  assert.deepEqual(await zipFolder(folder.source), whole);
  await folder.write("pkg/a.py", "x");
  const nested = await zipFolder(folder.source);
  for (const name of ["pkg/__pycache__/a.pyc", "pkg/.DS_Store"]) await folder.write(name, "x");
  assert.deepEqual(await zipFolder(folder.source), nested);
});

Deno.test("zipFolder() rejects what does not belong in an archive", async () => {
  await using folder = await Folder.create();
  await folder.write("main.py", "x");
  await Deno.symlink("/etc/hostname", `${folder.source}/link`);
  await assert.rejects(zipFolder(folder.source), {
    code: "bot-folder/invalid",
    message: /link': it is a symbolic link/,
  });
  await Deno.remove(`${folder.source}/link`);
  await folder.write("a\\b.py", "x");
  await assert.rejects(zipFolder(folder.source), { code: "bot-folder/invalid", message: /backslash/ });
  await Deno.remove(`${folder.source}/a\\b.py`);
  await Deno.mkdir(`${folder.source}/d`);
  await Deno.symlink(folder.source, `${folder.source}/d/loop`);
  await assert.rejects(zipFolder(folder.source), {
    code: "bot-folder/invalid",
    message: /d\/loop': it is a symbolic link/,
  });
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}
