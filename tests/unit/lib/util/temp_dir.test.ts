import assert from "node:assert/strict";
import { formatIssue, InvalidConfigError } from "../../../../lib/errors.ts";
import { ensureInstanceDir, ensureTempDir } from "../../../../lib/util/temp_dir.ts";
import { FolderFixture } from "../../../support/fixtures/folder_fixture.ts";

const OWN = Deno.uid() ?? 0;

async function assertRefused(path: string, why: RegExp, uid = OWN): Promise<void> {
  await assert.rejects(ensureTempDir(path, uid), (error) => {
    assert.ok(error instanceof InvalidConfigError, String(error));
    assert.equal(error.issues.length, 1);
    const line = formatIssue(error.issues[0]!);
    assert.match(line, why);
    assert.ok(line.startsWith(`TEMP_DIR: '${path}' `), line);
    return true;
  });
}

Deno.test("ensureTempDir() makes the folder with its parents, closed to others, and says so once", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  assert.equal(await ensureTempDir(`${parent}/a/b`, OWN), true);
  assert.equal(await ensureTempDir(`${parent}/a/b`, OWN), false);
  for (const path of ["a", "a/b"]) {
    assert.equal((await Deno.stat(`${parent}/${path}`)).mode! & 0o777, 0o700, path);
  }
});

Deno.test("ensureTempDir() makes it once for callers at the same time", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  const made = await Promise.all(Array.from({ length: 8 }, () => ensureTempDir(`${parent}/a`, OWN)));
  assert.equal(made.filter(Boolean).length, 1);
});

Deno.test("ensureTempDir() takes a folder of its user that others may read", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await Deno.mkdir(`${parent}/a`);
  await Deno.chmod(`${parent}/a`, 0o755);
  assert.equal(await ensureTempDir(`${parent}/a`, OWN), false);
});

Deno.test("ensureTempDir() refuses a symlink, even to a good folder, and a dangling one", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await Deno.mkdir(`${parent}/good`, { mode: 0o700 });
  await Deno.symlink(`${parent}/good`, `${parent}/link`);
  await Deno.symlink(`${parent}/none`, `${parent}/dangling`);
  await assertRefused(`${parent}/link`, /is not a folder/);
  await assertRefused(`${parent}/dangling`, /is not a folder/);
});

Deno.test("ensureTempDir() refuses a file, and a path through one", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await Deno.writeTextFile(`${parent}/file`, "");
  await assertRefused(`${parent}/file`, /is not a folder/);
  await assertRefused(`${parent}/file/a`, /cannot be made/);
});

for (const mode of [0o770, 0o702, 0o1777]) {
  Deno.test(`ensureTempDir() refuses a folder of mode ${mode.toString(8)}, and says what to do`, async () => {
    await using fixture = await FolderFixture.open();
    const { path: parent } = fixture;
    await Deno.mkdir(`${parent}/a`);
    await Deno.chmod(`${parent}/a`, mode);
    await assertRefused(`${parent}/a`, /written to by other users; run chmod 700/);
    assert.equal((await Deno.stat(`${parent}/a`)).mode! & 0o7777, mode);
  });
}

Deno.test("ensureTempDir() refuses a folder of another user", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await Deno.mkdir(`${parent}/a`, { mode: 0o700 });
  await assertRefused(`${parent}/a`, new RegExp(`belongs to user ${OWN}, not to ${OWN + 1}`), OWN + 1);
});

Deno.test("ensureInstanceDir() closes the folder of an instance, whatever made it", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await Deno.mkdir(`${parent}/runtime/main`, { recursive: true });
  await Deno.chmod(`${parent}/runtime`, 0o755);
  await Deno.chmod(`${parent}/runtime/main`, 0o755);
  await ensureInstanceDir(`${parent}/runtime`, "main", OWN);
  assert.equal((await Deno.stat(`${parent}/runtime/main`)).mode! & 0o777, 0o700);
  await ensureInstanceDir(`${parent}/runtime`, "other", OWN);
  assert.equal((await Deno.stat(`${parent}/runtime/other`)).mode! & 0o777, 0o700);
});
