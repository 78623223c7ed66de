import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import tar, { type Headers } from "tar-stream";
import { builderArchive } from "../../../../lib/dependencies/builder_archive.ts";
import { saveTarFile } from "../../../../lib/dependencies/save_tar_file.ts";

const USER = { uid: 65_532, gid: 65_532 };
const LONG = `${"a".repeat(120)}/${"b".repeat(120)}/ü.txt`;

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function archiveOf(...headers: readonly (readonly [header: Headers, content?: string])[]) {
  const pack = tar.pack();
  for (const [header, content] of headers) pack.entry(header, content ?? "");
  pack.finalize();
  return Buffer.concat(await Array.fromAsync(pack as AsyncIterable<Uint8Array>));
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeTree(folder: string): Promise<Uint8Array> {
  const large = crypto.getRandomValues(new Uint8Array(60_001));
  await Deno.mkdir(`${folder}/${LONG.slice(0, LONG.lastIndexOf("/"))}`, { recursive: true });
  await Deno.writeTextFile(`${folder}/${LONG}`, "long");
  await Deno.writeTextFile(`${folder}/empty`, "");
  const file = await Deno.open(`${folder}/large`, { write: true, create: true, mode: 0o755 });
  for (let part = 0; part < 20; part++) await file.write(large);
  file.close();
  await Deno.symlink("/etc/passwd", `${folder}/link`);
  return large;
}

Deno.test("builderArchive() packs files, folders and texts, and gives the builder only its own", () =>
  inFolder(async (folder) => {
    const large = await makeTree(folder);
    const stream = builderArchive({
      files: { "task.json": "{}" },
      folders: [{ source: folder, target: "/tools/node_modules" }],
      user: USER,
    });
    const found = new Map<string, readonly [type: string, mode: number, uid: number, content: string]>();
    const extract = tar.extract();
    extract.on("entry", async ({ name, type, mode = 0, uid = 0 }, entry, next) => {
      const content = Buffer.concat(await Array.fromAsync(entry as AsyncIterable<Uint8Array>));
      const shown = content.length > 100 ? String(content.length) : content.toString();
      found.set(name.replace(/\/$/, ""), [type!, mode, uid, shown]);
      next();
    });
    const whole = Buffer.concat(await Array.fromAsync(stream));
    await new Promise((resolve, reject) => extract.on("finish", resolve).on("error", reject).end(whole));
    const at = "tools/node_modules";
    assert.deepEqual(found.get("build"), ["directory", 0o755, USER.uid, ""]);
    assert.deepEqual(found.get("input"), ["directory", 0o755, 0, ""]);
    assert.deepEqual(found.get("input/task.json"), ["file", 0o400, USER.uid, "{}"]);
    assert.deepEqual(found.get("tools"), ["directory", 0o755, 0, ""]);
    assert.deepEqual(found.get(`${at}/${LONG}`), ["file", 0o644, 0, "long"]);
    assert.deepEqual(found.get(`${at}/empty`), ["file", 0o644, 0, ""]);
    assert.deepEqual(found.get(`${at}/large`), ["file", 0o755, 0, String(20 * large.length)]);
    assert.ok(!found.has(`${at}/link`));
  }));

Deno.test("builderArchive() ends when nobody reads on, and fails when a folder cannot be read", () =>
  inFolder(async (folder) => {
    await makeTree(folder);
    const content = { files: {}, folders: [{ source: folder, target: "/code" }], user: USER };
    for await (const _ of builderArchive(content)) break;
    const missing = { ...content, folders: [{ source: `${folder}/missing`, target: "/code" }] };
    await assert.rejects(Array.fromAsync(builderArchive(missing)), /missing/);
  }));

Deno.test("saveTarFile() saves the first file, however it was cut, and nothing else", () =>
  inFolder(async (folder) => {
    const archive = await archiveOf([{ name: "result.zip" }, "content"], [{ name: "other" }, "more"]);
    for (const size of [1, 7, 512, 100_000]) {
      await saveTarFile(piecesOf(archive, size), `${folder}/${size}`, 7);
      assert.equal(await Deno.readTextFile(`${folder}/${size}`), "content");
    }
    await saveTarFile(piecesOf(await archiveOf([{ name: "empty" }]), 512), `${folder}/empty`, 7);
    assert.equal((await Deno.stat(`${folder}/empty`)).size, 0);
  }));

Deno.test("saveTarFile() refuses what is no plain file, is too large or breaks off", () =>
  inFolder(async (folder) => {
    const path = `${folder}/file`;
    const save = (archive: Uint8Array) => saveTarFile(piecesOf(archive, 512), path, 7);
    const link: Headers = { name: "result.zip", type: "symlink", linkname: "/etc/passwd" };
    await assert.rejects(save(await archiveOf([link])), { code: "container-file/not-a-file" });
    await assert.rejects(save(await archiveOf([{ name: "large" }, "12345678"])), {
      code: "container-file/too-large",
    });
    await assert.rejects(save(await archiveOf()), { code: "container-file/missing" });
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    await assert.rejects(save((await archiveOf([{ name: "cut" }, "1234567"])).subarray(0, 515)));
  }));
