import assert from "node:assert/strict";
import { BerthError } from "../../../../lib/errors.ts";
import { Workspaces } from "../../../../lib/code/workspaces.ts";

const neverForced = () => Promise.reject(new Error("must not be needed"));

async function withFolders(work: (workspaces: Workspaces, parent: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await work(new Workspaces(`${parent}/containers`), `${parent}/containers`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("Workspaces gives two starts of one bot different folders", () =>
  withFolders(async (workspaces) => {
    assert.notEqual(await workspaces.create("bot-a"), await workspaces.create("bot-a"));
  }));

Deno.test("Workspaces closes its folder to other users", () =>
  withFolders(async (workspaces, parent) => {
    await workspaces.create("bot-a");
    assert.equal((await Deno.stat(parent)).mode! & 0o777, 0o700);
  }));

Deno.test("Workspaces.remove() refuses names that lead elsewhere", () =>
  withFolders(async (workspaces) => {
    for (const name of ["", ".", "..", "../x", "a/b", "/etc", "a\0"]) {
      await assert.rejects(workspaces.remove(name, neverForced), TypeError, name);
    }
  }));

Deno.test("Workspaces.remove() removes a link, not what it points to", () =>
  withFolders(async (workspaces, parent) => {
    const name = await workspaces.create("bot-a");
    const canary = `${parent}/../canary`;
    await Deno.mkdir(canary);
    await Deno.writeTextFile(`${canary}/file`, "alive");
    await Deno.symlink(canary, `${workspaces.path(name)}/link`);
    await workspaces.remove(name, neverForced);
    assert.equal(await Deno.readTextFile(`${canary}/file`), "alive");
    await assert.rejects(Deno.lstat(workspaces.path(name)), Deno.errors.NotFound);
  }));

Deno.test("Workspaces.remove() does not mind a folder that is gone", () =>
  withFolders(async (workspaces) => {
    const name = await workspaces.create("bot-a");
    await Deno.remove(workspaces.path(name));
    await workspaces.remove(name, neverForced);
  }));

Deno.test("Workspaces.remove() asks for force only where the system refuses, and tells what stays", () =>
  withFolders(async (workspaces) => {
    // A name that is no UTF-8 cannot be told to the system.
    const name = await workspaces.create("bot-a");
    const script = 'mkdir "$0/$(printf "\\377")"';
    await new Deno.Command("sh", { args: ["-c", script, workspaces.path(name)] }).output();
    let forced = 0;
    await assert.rejects(
      workspaces.remove(name, () => Promise.resolve(void forced++)),
      (error) => error instanceof BerthError && error.code === "archive/io" && error.message.includes(name),
    );
    assert.equal(forced, 1);
    await workspaces.remove(name, (parent, name) => {
      const rm = new Deno.Command("rm", { args: ["-rf", `${parent}/${name}`] });
      return rm.output().then(() => {});
    });
    await assert.rejects(Deno.lstat(workspaces.path(name)), Deno.errors.NotFound);
  }));

Deno.test("Workspaces touches nothing while the folder above is not safe", () =>
  withFolders(async (_folders, parent) => {
    await Deno.mkdir(`${parent}/canary`, { recursive: true });
    const unsafe = new Workspaces(parent, () => Promise.reject(new Error("not safe")));
    await assert.rejects(unsafe.create("bot-a"), /not safe/);
    await assert.rejects(unsafe.idle(), /not safe/);
    await assert.rejects(unsafe.remove("canary", neverForced), /not safe/);
    assert.ok(await Deno.stat(`${parent}/canary`));
  }));

Deno.test("Workspaces.idle() names folders that neither a start nor a removal uses", () =>
  withFolders(async (workspaces) => {
    await workspaces.create("starting");
    const running = await workspaces.create("running");
    await Deno.mkdir(workspaces.path("orphan"));
    workspaces.release(running);
    assert.deepEqual(await workspaces.idle(), ["orphan", running]);
    const removed = workspaces.remove("orphan", neverForced);
    assert.deepEqual(await workspaces.idle(), [running]);
    await removed;
  }));

Deno.test("Workspaces.idle() is empty before the first start", () =>
  withFolders(async (workspaces) => assert.deepEqual(await workspaces.idle(), [])));
