import assert from "node:assert/strict";
import { PrivateFolders } from "../../lib/private_folders.ts";

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
    assert.notEqual(await folders.reserve("bot-a"), await folders.reserve("bot-a"));
  }));

Deno.test("PrivateFolders closes its folder to other users", () =>
  withFolders(async (folders, parent) => {
    await folders.reserve("bot-a");
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
    const name = await folders.reserve("bot-a");
    const canary = `${parent}/../canary`;
    await Deno.mkdir(canary);
    await Deno.writeTextFile(`${canary}/file`, "alive");
    await Deno.mkdir(folders.path(name));
    await Deno.symlink(canary, `${folders.path(name)}/link`);
    await folders.remove(name, neverForced);
    assert.equal(await Deno.readTextFile(`${canary}/file`), "alive");
    await assert.rejects(Deno.lstat(folders.path(name)), Deno.errors.NotFound);
  }));

Deno.test("PrivateFolders.remove() does not mind a folder that is gone", () =>
  withFolders(async (folders) => await folders.remove(await folders.reserve("bot-a"), neverForced)));

Deno.test("PrivateFolders.orphans() names folders that neither a container nor a start names", () =>
  withFolders(async (folders) => {
    const [starting, running, orphan] = [
      await folders.reserve("starting"),
      await folders.reserve("running"),
      await folders.reserve("orphan"),
    ];
    for (const name of [starting, running, orphan]) await Deno.mkdir(folders.path(name));
    folders.release(running);
    folders.release(orphan);
    assert.deepEqual(await folders.orphans(new Set([running])), [orphan]);
  }));

Deno.test("PrivateFolders.orphans() is empty before the first start", () =>
  withFolders(async (folders) => assert.deepEqual(await folders.orphans(new Set()), [])));
