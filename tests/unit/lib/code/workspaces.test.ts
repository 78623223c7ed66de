import assert from "node:assert/strict";
import { BerthError } from "../../../../lib/errors.ts";
import { Workspaces } from "../../../../lib/code/workspaces.ts";

const neverForced = () => Promise.reject(new Error("must not be needed"));

class WorkspacesFixture implements AsyncDisposable {
  readonly parent: string;
  readonly workspaces: Workspaces;
  readonly #temp: string;

  private constructor(temp: string) {
    this.#temp = temp;
    this.parent = `${temp}/containers`;
    this.workspaces = new Workspaces(this.parent);
  }

  static async open(): Promise<WorkspacesFixture> {
    return new WorkspacesFixture(await Deno.makeTempDir());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#temp, { recursive: true });
  }
}

Deno.test("Workspaces gives two starts of one bot different folders", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces } = fixture;
  assert.notEqual(await workspaces.create("bot-a"), await workspaces.create("bot-a"));
});

Deno.test("Workspaces closes its folder to other users", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces, parent } = fixture;
  await workspaces.create("bot-a");
  assert.equal((await Deno.stat(parent)).mode! & 0o777, 0o700);
});

Deno.test("Workspaces.remove() refuses names that lead elsewhere", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces } = fixture;
  for (const name of ["", ".", "..", "../x", "a/b", "/etc", "a\0"]) {
    await assert.rejects(workspaces.remove(name, neverForced), TypeError, name);
  }
});

Deno.test("Workspaces.remove() removes a link, not what it points to", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces, parent } = fixture;
  const name = await workspaces.create("bot-a");
  const canary = `${parent}/../canary`;
  await Deno.mkdir(canary);
  await Deno.writeTextFile(`${canary}/file`, "alive");
  await Deno.symlink(canary, `${workspaces.path(name)}/link`);
  await workspaces.remove(name, neverForced);
  assert.equal(await Deno.readTextFile(`${canary}/file`), "alive");
  await assert.rejects(Deno.lstat(workspaces.path(name)), Deno.errors.NotFound);
});

Deno.test("Workspaces.remove() does not mind a folder that is gone", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces } = fixture;
  const name = await workspaces.create("bot-a");
  await Deno.remove(workspaces.path(name));
  await workspaces.remove(name, neverForced);
});

Deno.test("Workspaces.remove() asks for force only where the system refuses, and tells what stays", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces } = fixture;
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
});

Deno.test("Workspaces touches nothing while the folder above is not safe", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { parent } = fixture;
  await Deno.mkdir(`${parent}/canary`, { recursive: true });
  const unsafe = new Workspaces(parent, () => Promise.reject(new Error("not safe")));
  await assert.rejects(unsafe.create("bot-a"), /not safe/);
  await assert.rejects(unsafe.idle(), /not safe/);
  await assert.rejects(unsafe.remove("canary", neverForced), /not safe/);
  assert.ok(await Deno.stat(`${parent}/canary`));
});

Deno.test("Workspaces.idle() names folders that neither a start nor a removal uses", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces } = fixture;
  await workspaces.create("starting");
  const running = await workspaces.create("running");
  await Deno.mkdir(workspaces.path("orphan"));
  workspaces.release(running);
  assert.deepEqual(await workspaces.idle(), ["orphan", running]);
  const removed = workspaces.remove("orphan", neverForced);
  assert.deepEqual(await workspaces.idle(), [running]);
  await removed;
});

Deno.test("Workspaces.idle() is empty before the first start", async () => {
  await using fixture = await WorkspacesFixture.open();
  const { workspaces } = fixture;
  await assert.deepEqual(await workspaces.idle(), []);
});
