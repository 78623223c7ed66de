import assert from "node:assert/strict";
import { UserFiles } from "../../../../lib/users/user_files.ts";
import { FolderFixture } from "../../../support/fixtures/folder_fixture.ts";

/** The entries of a file of users or groups, by id: the first of an id is the one that counts. */
async function byId(path: string): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  for (const line of (await Deno.readTextFile(path)).trimEnd().split("\n")) {
    const fields = line.split(":");
    if (!found.has(Number(fields[2]))) found.set(Number(fields[2]), fields);
  }
  return found;
}

Deno.test("UserFiles gives any user and group a name and a home", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  const files = new UserFiles(`${folder}/users`);
  for (const [uid, gid] of [[65_532, 65_532], [2_000_000_017, 5], [65_534, 65_534], [1000, 0]] as const) {
    const [passwd, group] = await files.mounts({ uid, gid });
    assert.deepEqual([passwd!.target, group!.target], ["/etc/passwd", "/etc/group"]);
    assert.ok(passwd!.readOnly && group!.readOnly);
    const user = (await byId(passwd!.source)).get(uid)!;
    assert.deepEqual(user, ["bot", "x", `${uid}`, `${gid}`, "bot", "/tmp", "/bin/sh"]);
    assert.equal((await byId(passwd!.source)).get(0)![0], "root");
    assert.equal((await byId(group!.source)).get(gid)![0], gid === 0 ? "root" : "bot");
    for (const { source } of [passwd!, group!]) {
      assert.equal((await Deno.stat(source)).mode! & 0o777, 0o644);
    }
  }
});

Deno.test("UserFiles calls the user 0 root", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  const [passwd] = await new UserFiles(folder).mounts({ uid: 0, gid: 0 });
  const root = (await byId(passwd!.source)).get(0)!;
  assert.deepEqual([root[0], root[5]], ["root", "/tmp"]);
});

Deno.test("UserFiles writes a file again that was removed or cut off, and once for starts at the same time", async () => {
  await using fixture = await FolderFixture.open();
  const { path: folder } = fixture;
  const files = new UserFiles(folder);
  const user = { uid: 7, gid: 8 };
  const [first] = await Promise.all(Array.from({ length: 20 }, () => files.mounts(user)));
  const content = await Deno.readTextFile(first![0]!.source);
  assert.equal([...Deno.readDirSync(folder)].length, 2, "nothing else is left");
  await Deno.remove(first![0]!.source);
  await Deno.truncate(first![1]!.source, 3);
  await files.mounts(user);
  assert.equal(await Deno.readTextFile(first![0]!.source), content);
  assert.match(await Deno.readTextFile(first![1]!.source), /^bot:x:8:\n/);
});
