import assert from "node:assert/strict";
import { createObjectStore } from "../../../../lib/runner/create_object_store.ts";
import { ensureDataDir } from "../../../../lib/util/data_dir.ts";
import { parseDockerRunnerConfig } from "../../../../lib/runner/parse_docker_runner_config.ts";
import { formatIssue, InvalidConfigError } from "../../../../lib/errors.ts";
import { openStores } from "../../../../services/stores.ts";
import { parseServiceConfig } from "../../../../services/config.ts";
import { checkDataDir } from "../../../../cli/check_folders.ts";
import { FolderFixture } from "../../../support/fixtures/folder_fixture.ts";

const OWN = Deno.uid() ?? 0;

async function open(path: string, mode = 0o755): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  await Deno.chmod(path, mode);
}

/** Modes of a folder and of everything below it, as octal numbers by path. */
async function modes(folder: string, prefix = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  if (prefix === "") found["."] = ((await Deno.stat(folder)).mode! & 0o777).toString(8);
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    found[prefix + name] = ((await Deno.lstat(`${folder}/${name}`)).mode! & 0o777).toString(8);
    if (isDirectory) Object.assign(found, await modes(`${folder}/${name}`, `${prefix}${name}/`));
  }
  return found;
}

function assertClosed(found: Record<string, string>): void {
  for (const [path, mode] of Object.entries(found)) {
    assert.match(mode, /^[67]00$/, `${path} has mode ${mode}`);
  }
}

Deno.test("ensureDataDir() makes the folder closed to others", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await ensureDataDir(`${parent}/a/b`);
  assertClosed(await modes(parent));
});

for (const mode of [0o755, 0o750, 0o777, 0o701]) {
  Deno.test(`ensureDataDir() closes an empty folder of mode ${mode.toString(8)}`, async () => {
    await using fixture = await FolderFixture.open();
    const { path: parent } = fixture;
    await open(`${parent}/data`, mode);
    await ensureDataDir(`${parent}/data`);
    assertClosed(await modes(`${parent}/data`));
  });
}

Deno.test("ensureDataDir() closes an open folder with the data of an earlier version, files included", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  const data = `${parent}/data`;
  await open(`${data}/objects/custom-bots/me`);
  for (const file of ["berth.sqlite", "berth.sqlite-wal", "objects/custom-bots/me/config.zip"]) {
    await Deno.writeTextFile(`${data}/${file}`, "key", { mode: 0o644 });
  }
  await Deno.writeTextFile(`${parent}/outside`, "not Berth's");
  await Deno.chmod(`${parent}/outside`, 0o644);
  await Deno.symlink(`${parent}/outside`, `${data}/objects/link`);
  await ensureDataDir(data);
  const found = await modes(data);
  delete found["objects/link"];
  assertClosed(found);
  // A link is not followed.
  assert.equal((await Deno.stat(`${parent}/outside`)).mode! & 0o777, 0o644);
});

Deno.test("ensureDataDir() refuses an open folder that holds other files, and leaves its mode alone", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  const home = `${parent}/home`;
  await open(home);
  await Deno.writeTextFile(`${home}/.profile`, "");
  await Deno.mkdir(`${home}/objects`);
  await assert.rejects(ensureDataDir(home), (error) => {
    assert.ok(error instanceof InvalidConfigError);
    assert.match(
      formatIssue(error.issues[0]!),
      /^DATA_DIR: '.*\/home' is open to other users \(mode 755\) and holds files/,
    );
    return true;
  });
  assert.equal((await Deno.stat(home)).mode! & 0o777, 0o755);
  assert.equal((await checkDataDir({ dataDir: home })).state, "problem");
  // Once closed it is as good as any other.
  await Deno.chmod(home, 0o700);
  await ensureDataDir(home);
  assert.equal((await checkDataDir({ dataDir: home })).state, "ok");
});

Deno.test("ensureDataDir() follows a link to another disk, and refuses a file", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await open(`${parent}/disk`);
  await Deno.symlink(`${parent}/disk`, `${parent}/data`);
  await ensureDataDir(`${parent}/data`);
  assert.equal((await Deno.stat(`${parent}/disk`)).mode! & 0o777, 0o700);
  await Deno.writeTextFile(`${parent}/file`, "");
  await assert.rejects(ensureDataDir(`${parent}/file`), /DATA_DIR: '.*\/file' is not a folder/);
});

Deno.test(
  "ensureDataDir() refuses a folder of another user",
  { ignore: OWN !== 0 },
  async () => {
    await using fixture = await FolderFixture.open();
    const { path: parent } = fixture;
    await open(`${parent}/data`, 0o700);
    await assert.rejects(ensureDataDir(`${parent}/data`, 12_345), /belongs to user 0, not to 12345/);
  },
);

// Reading is what came first where `berth logs` made the folder.
for (const first of ["list", "stat", "ensureBucket"] as const) {
  Deno.test(`an object store closes DATA_DIR before its first access, with ${first}()`, async () => {
    await using fixture = await FolderFixture.open();
    const { path: parent } = fixture;
    const data = `${parent}/data`;
    await open(`${data}/objects/bot-logs`);
    const store = createObjectStore(parseDockerRunnerConfig({ DATA_DIR: data }));
    if (first === "list") { for await (const _ of store.list("bot-logs", "")); }
    if (first === "stat") await store.stat("bot-logs", "x");
    if (first === "ensureBucket") await store.ensureBucket("bot-logs");
    assertClosed(await modes(data));
  });
}

Deno.test("documents and objects that are written to an open DATA_DIR are closed to others, each file", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  const data = `${parent}/data`;
  await open(data);
  const umask = Deno.umask(0);
  try {
    const config = parseServiceConfig({ DATA_DIR: data });
    await using stores = await openStores(config);
    await stores.bots.open();
    const store = createObjectStore(config.runner);
    const document = { id: "a", segment_id: 0, config: { api_key: "secret" }, custom: {} };
    await stores.bots.apply({ type: "created", id: "a", document, order: { publishedAt: 1 } });
    await store.ensureBucket("custom-bots");
    await store.put("custom-bots", "me/bot/1", new Uint8Array(3));
    const first = await store.append("custom-bots", "logs/a", new Uint8Array(3));
    await store.append("custom-bots", "logs/a", new Uint8Array(3), { onto: first });
    const found = await modes(data);
    assertClosed(found);
    for (const name of ["berth.sqlite", "berth.sqlite-wal", "objects/custom-bots/me/bot/1"]) {
      assert.equal(found[name], "600", name);
    }
  } finally {
    Deno.umask(umask);
  }
});

Deno.test("a database that is open to others in a closed folder is closed", async () => {
  await using fixture = await FolderFixture.open();
  const { path: parent } = fixture;
  await Deno.mkdir(`${parent}/data`, { mode: 0o700 });
  await Deno.writeTextFile(`${parent}/data/berth.sqlite`, "");
  await Deno.chmod(`${parent}/data/berth.sqlite`, 0o644);
  await using stores = await openStores(parseServiceConfig({ DATA_DIR: `${parent}/data` }));
  await stores.bots.open();
  assertClosed(await modes(`${parent}/data`));
});

Deno.test("without HOME, as under systemd, the data is in /var/lib/berth", () => {
  assert.equal(parseDockerRunnerConfig({}).dataDir, "/var/lib/berth");
});
