import assert from "node:assert/strict";
import { join } from "node:path";
import { ObjectNotFoundError, ObjectStoreError } from "../../../../../lib/errors.ts";
import { FolderObjectStore } from "../../../../../lib/objects/folder/folder_object_store.ts";
import { testObjectStoreContract } from "../../../../contract/object_store_contract.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function openFolder() {
  const root = await Deno.makeTempDir();
  const store = new FolderObjectStore(join(root, "objects"));
  await store.ensureBucket("bucket");
  return {
    root,
    store,
    bucket: "bucket",
    path: (...parts: string[]) => join(root, "objects", ...parts),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

async function allFiles(folder: string): Promise<string[]> {
  const files = await Array.fromAsync(Deno.readDir(folder), async ({ name, isDirectory }) => {
    return isDirectory ? (await allFiles(join(folder, name))).map((file) => join(name, file)) : [name];
  });
  return files.flat().sort();
}

testObjectStoreContract({ name: "FolderObjectStore", open: openFolder });

Deno.test("FolderObjectStore keeps an object as a plain file under its key, and nothing else", async () => {
  await using folder = await openFolder();
  await folder.store.put("bucket", "user/bot/1.0", bytes("zip"));
  assert.deepEqual(await allFiles(folder.path()), ["bucket/user/bot/1.0"]);
  assert.equal(await Deno.readTextFile(folder.path("bucket/user/bot/1.0")), "zip");
});

Deno.test("FolderObjectStore takes a file that somebody copied in for an object", async () => {
  await using folder = await openFolder();
  await Deno.mkdir(folder.path("bucket/user"));
  await Deno.writeTextFile(folder.path("bucket/user/bot.zip"), "copied");
  const before = await folder.store.stat("bucket", "user/bot.zip");
  assert.equal(before?.size, 6);
  await Deno.writeTextFile(folder.path("bucket/user/bot.zip"), "changed");
  assert.notEqual((await folder.store.stat("bucket", "user/bot.zip"))?.etag, before?.etag);
});

Deno.test("FolderObjectStore does not follow links", async () => {
  await using folder = await openFolder();
  const outside = join(folder.root, "outside");
  await Deno.mkdir(outside);
  await Deno.writeTextFile(join(outside, "secret"), "canary");
  await Deno.symlink(join(outside, "secret"), folder.path("bucket/file"));
  await Deno.symlink(outside, folder.path("bucket/folder"));
  await Deno.symlink(outside, folder.path("linked-bucket"));
  const { store } = folder;
  for (const key of ["file", "folder/secret"]) {
    assert.equal(await store.stat("bucket", key), undefined);
    await assert.rejects(store.get("bucket", key), ObjectNotFoundError);
  }
  assert.equal(await store.stat("linked-bucket", "secret"), undefined);
  assert.deepEqual(await Array.fromAsync(store.list("bucket", "")), []);
  assert.deepEqual(await Array.fromAsync(store.list("bucket", "folder/")), []);
  await assert.rejects(store.put("bucket", "folder/new", bytes("x")), ObjectStoreError);
  await assert.rejects(store.put("linked-bucket", "new", bytes("x")), ObjectStoreError);
  await assert.rejects(store.ensureBucket("linked-bucket"), ObjectStoreError);
  await store.delete("bucket", "folder/secret");
  // A link in an object's place is replaced; what it pointed to is not touched.
  await store.put("bucket", "file", bytes("own"));
  assert.equal(await Deno.readTextFile(join(outside, "secret")), "canary");
  assert.deepEqual(await allFiles(outside), ["secret"]);
});

Deno.test("FolderObjectStore leaves no temporary file when a write fails or is given up", async () => {
  await using folder = await openFolder();
  await folder.store.put("bucket", "a", bytes("x"));
  await assert.rejects(
    folder.store.put("bucket", "a/b", bytes("y")),
    /'a' is in its place.*cannot hold both/,
  );
  await assert.rejects(folder.store.put("bucket", "x".repeat(300), bytes("y")), ObjectStoreError);
  const controller = new AbortController();
  const writing = folder.store.put("bucket", "big", new Uint8Array(50_000_000), {
    signal: controller.signal,
  });
  controller.abort(new Error("given up"));
  await assert.rejects(writing, /given up/);
  assert.deepEqual(await allFiles(folder.path()), ["bucket/a"]);
});

Deno.test("FolderObjectStore removes what a process that died left behind, and nothing newer", async () => {
  await using folder = await openFolder();
  await Deno.mkdir(folder.path(".uploading"));
  await Deno.writeTextFile(folder.path(".uploading/old"), "left behind");
  await Deno.writeTextFile(folder.path(".uploading/new"), "being written by another process");
  const hour = 60 * 60 * 1000;
  await Deno.utime(
    folder.path(".uploading/old"),
    new Date(Date.now() - 2 * hour),
    new Date(Date.now() - 2 * hour),
  );
  assert.deepEqual(await Array.fromAsync(folder.store.list("bucket", "")), []);
  await folder.store.put("bucket", "k", bytes("x"));
  assert.deepEqual(await allFiles(folder.path()), [".uploading/new", "bucket/k"]);
});

Deno.test("FolderObjectStore gives nobody what a crash left of an append, and cuts it off", async () => {
  await using folder = await openFolder();
  const { store } = folder;
  const path = folder.path("bucket/k");
  const first = await store.append("bucket", "k", bytes("one\n"), { metadata: { n: "1" } });
  assert.equal(await Deno.readTextFile(path), "one\n");
  await Deno.writeTextFile(path, "half a li", { append: true });
  const { body, etag, size } = await store.get("bucket", "k");
  assert.deepEqual([await new Response(body).text(), etag, size], ["one\n", first.etag, 4]);
  const later = new FolderObjectStore(folder.path());
  await later.append("bucket", "k", bytes("two\n"), { onto: first, metadata: { n: "2" } });
  assert.equal(await Deno.readTextFile(path), "one\ntwo\n");
  assert.deepEqual((await later.stat("bucket", "k"))?.metadata, { n: "2" });
});

Deno.test("FolderObjectStore takes a file that somebody put in an appended one's place for what it is", async () => {
  await using folder = await openFolder();
  const { store } = folder;
  await store.append("bucket", "k", bytes("appended"), { metadata: { n: "1" } });
  await Deno.writeTextFile(folder.path("other"), "of somebody else's");
  await Deno.rename(folder.path("other"), folder.path("bucket/k"));
  const stat = await store.stat("bucket", "k");
  assert.deepEqual([stat?.size, stat?.metadata], [18, undefined]);
  await store.delete("bucket", "k");
  await store.append("bucket", "k", bytes("x"), { metadata: { n: "2" } });
  assert.deepEqual((await store.stat("bucket", "k"))?.metadata, { n: "2" });
});

Deno.test("FolderObjectStore removes folders that a deletion leaves empty, not the bucket", async () => {
  await using folder = await openFolder();
  await folder.store.put("bucket", "a/b/c", bytes("x"));
  await folder.store.delete("bucket", "a/b/c");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path("bucket"))), []);
});

Deno.test("FolderObjectStore writes while the folders of its keys come and go", async () => {
  await using folder = await openFolder();
  const { store } = folder;
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    await store.put("bucket", `shared/folder/${i}`, bytes(String(i)));
    if (i % 2 === 0) await store.delete("bucket", `shared/folder/${i}`);
  }));
  assert.equal((await Array.fromAsync(store.list("bucket", "shared/"))).length, 20);
});

Deno.test("FolderObjectStore does not take a folder that is gone for an empty store", async () => {
  await using folder = await openFolder();
  await Deno.remove(folder.path(), { recursive: true });
  await assert.rejects(folder.store.stat("bucket", "k"), ObjectStoreError);
  await assert.rejects(folder.store.get("bucket", "k"), (error) => {
    assert.ok(error instanceof ObjectStoreError);
    assert.match(error.message, /Cannot read object 'k' in bucket 'bucket' in the folder '.*objects'/);
    return true;
  });
});

Deno.test("FolderObjectStore refuses a relative path", () => {
  assert.throws(() => new FolderObjectStore("objects"), /must be absolute/);
});
