import assert from "node:assert/strict";
import { BerthError } from "../../../../lib/errors.ts";
import { PrivateFolders } from "../../../../lib/code/private_folders.ts";

const neverForced = () => Promise.reject(new Error("must not be needed"));

async function withFolders(work: (folders: PrivateFolders, parent: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await work(new PrivateFolders(`${parent}/containers`), `${parent}/containers`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("PrivateFolders gives two starts of one bot different folders", () =>
  withFolders(async (folders) => {
    assert.notEqual(await folders.create("bot-a"), await folders.create("bot-a"));
  }));

Deno.test("PrivateFolders closes its folder to other users", () =>
  withFolders(async (folders, parent) => {
    await folders.create("bot-a");
    assert.equal((await Deno.stat(parent)).mode! & 0o777, 0o700);
  }));

Deno.test("PrivateFolders.remove() refuses names that lead elsewhere", () =>
  withFolders(async (folders) => {
    for (const name of ["", ".", "..", "../x", "a/b", "/etc", "a\0"]) {
      await assert.rejects(folders.remove(name, neverForced), TypeError, name);
    }
  }));

Deno.test("PrivateFolders.remove() removes a link, not what it points to", () =>
  withFolders(async (folders, parent) => {
    const name = await folders.create("bot-a");
    const canary = `${parent}/../canary`;
    await Deno.mkdir(canary);
    await Deno.writeTextFile(`${canary}/file`, "alive");
    await Deno.symlink(canary, `${folders.path(name)}/link`);
    await folders.remove(name, neverForced);
    assert.equal(await Deno.readTextFile(`${canary}/file`), "alive");
    await assert.rejects(Deno.lstat(folders.path(name)), Deno.errors.NotFound);
  }));

Deno.test("PrivateFolders.remove() does not mind a folder that is gone", () =>
  withFolders(async (folders) => {
    const name = await folders.create("bot-a");
    await Deno.remove(folders.path(name));
    await folders.remove(name, neverForced);
  }));

Deno.test("PrivateFolders.remove() asks for force only where the system refuses, and tells what stays", () =>
  withFolders(async (folders) => {
    // A name that is no UTF-8 cannot be told to the system.
    const name = await folders.create("bot-a");
    const script = 'mkdir "$0/$(printf "\\377")"';
    await new Deno.Command("sh", { args: ["-c", script, folders.path(name)] }).output();
    let forced = 0;
    await assert.rejects(
      folders.remove(name, () => Promise.resolve(void forced++)),
      (error) => error instanceof BerthError && error.code === "archive/io" && error.message.includes(name),
    );
    assert.equal(forced, 1);
    await folders.remove(name, (parent, name) => {
      const rm = new Deno.Command("rm", { args: ["-rf", `${parent}/${name}`] });
      return rm.output().then(() => {});
    });
    await assert.rejects(Deno.lstat(folders.path(name)), Deno.errors.NotFound);
  }));

Deno.test("PrivateFolders touches nothing while the folder above is not safe", () =>
  withFolders(async (_folders, parent) => {
    await Deno.mkdir(`${parent}/canary`, { recursive: true });
    const unsafe = new PrivateFolders(parent, () => Promise.reject(new Error("not safe")));
    await assert.rejects(unsafe.create("bot-a"), /not safe/);
    await assert.rejects(unsafe.idle(), /not safe/);
    await assert.rejects(unsafe.remove("canary", neverForced), /not safe/);
    assert.ok(await Deno.stat(`${parent}/canary`));
  }));

Deno.test("PrivateFolders.idle() names folders that neither a start nor a removal uses", () =>
  withFolders(async (folders) => {
    await folders.create("starting");
    const running = await folders.create("running");
    await Deno.mkdir(folders.path("orphan"));
    folders.release(running);
    assert.deepEqual(await folders.idle(), ["orphan", running]);
    const removed = folders.remove("orphan", neverForced);
    assert.deepEqual(await folders.idle(), [running]);
    await removed;
  }));

Deno.test("PrivateFolders.idle() is empty before the first start", () =>
  withFolders(async (folders) => assert.deepEqual(await folders.idle(), [])));
