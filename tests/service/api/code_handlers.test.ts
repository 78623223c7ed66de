import assert from "node:assert/strict";
import { ApiError } from "../../../cli/client/api_client.ts";
import { zipFolder } from "../../../lib/archive/zip_folder.ts";
import { buildZip } from "../../support/builders/zip_builder.ts";
import { archiveOf, deployScript, sha256Of, uploadArchive } from "../../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { until } from "../../support/until.ts";

const BUCKET = "custom-bots";

/** Whether a call ends with a status and a code. */
async function refused(call: Promise<unknown>, status: number, code: string): Promise<ApiError> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof ApiError, `${error ?? "was accepted"}`);
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return error;
}

/** Keys of the code bucket, and names in the folder of uploads. */
async function stored({ composed, config }: ServiceFixture): Promise<[string[], string[]]> {
  const { tempDir, instance } = config.runner;
  const keys = await Array.fromAsync(composed.store.list(BUCKET, ""), ({ key }) => key);
  const uploads = await Array.fromAsync(Deno.readDir(`${tempDir}/${instance}/uploads`)).catch(() => []);
  return [keys, uploads.map(({ name }) => name)];
}

Deno.test("putCode stores an archive under the hash of its content, once", async () => {
  await using service = await ServiceFixture.open();
  const { client, temp } = service;
  await Deno.mkdir(`${temp}/bot`);
  await Deno.writeTextFile(`${temp}/bot/main.py`, "def main(id, config): pass\n".repeat(9));
  const { archive, contentHash } = await zipFolder(`${temp}/bot`);
  const build = contentHash.slice(0, 16);
  const params = { id: "mine", version: "1.0.0" };
  await refused(client.call("getCode", { params: { ...params, build } }), 404, "code/not-found");

  const upload = { params, query: { sha256: sha256Of(archive) }, body: archive };
  const first = await client.request("putCode", upload);
  assert.equal(first.status, 201);
  const code = await first.json();
  const filePath = `local/mine/1.0.0+${build}`;
  assert.deepEqual([code.build, code.filePath, code.size], [build, filePath, archive.length]);
  const again = await client.request("putCode", upload);
  assert.deepEqual([again.status, await again.json()], [200, code]);
  // The same content in other bytes is the same archive, which is never replaced.
  const other = (await zipFolder(`${temp}/bot`, { compress: false })).archive;
  assert.notEqual(sha256Of(other), sha256Of(archive));
  assert.deepEqual(await uploadArchive(client, other), code);

  assert.deepEqual(await client.call("getCode", { params: { ...params, build } }), code);
  assert.deepEqual(await stored(service), [[filePath], []]);
});

Deno.test("putCode refuses what a start would refuse, names the entry, and keeps nothing", async () => {
  await using service = await ServiceFixture.open({ env: { ARCHIVE_MAX_FILE_MB: "1" } });
  const { client } = service;
  const entry = { name: "main.py", content: new TextEncoder().encode("x = 1\n") };
  const put = (bytes: Uint8Array<ArrayBuffer>) => uploadArchive(client, bytes);
  assert.match(
    (await refused(put(archiveOf({ "../x.py": "" })), 422, "archive/bad-name")).message,
    /'\.\.\/x\.py'/,
  );
  await refused(put(new TextEncoder().encode("no archive")), 422, "archive/not-a-zip");
  await refused(put(archiveOf({ "main.py": "x".repeat(1_100_000) })), 422, "archive/too-large");
  const good = buildZip([entry]) as Uint8Array<ArrayBuffer>;
  // One flipped bit in the content: only its checksum tells.
  const damaged = good.slice();
  damaged[30 + "main.py".length]! ^= 1;
  assert.match((await refused(put(damaged), 422, "archive/crc-mismatch")).message, /'main\.py'/);
  const wrongHash = { params: { id: "mine", version: "1" }, query: { sha256: "0".repeat(64) }, body: good };
  await refused(client.call("putCode", wrongHash), 422, "code/damaged");
  assert.deepEqual(await stored(service), [[], []]);
  assert.equal((await put(good)).id, "mine");
});

Deno.test("putCode refuses ids, versions and hashes that lead elsewhere", async () => {
  await using service = await ServiceFixture.open();
  const archive = archiveOf({ "main.py": "" });
  const put = (id: string, version: string, sha256 = sha256Of(archive)) =>
    service.client.call("putCode", { params: { id, version }, query: { sha256 }, body: archive });
  for (const id of ["../x", "a/b", ".x", "a\0", "é", "x".repeat(129)]) {
    await refused(put(id, "1"), 400, "request/invalid");
  }
  for (const version of ["../../x", "a/b", "a\\b", "a\nb", "v".repeat(65)]) {
    await refused(put("mine", version), 400, "request/invalid");
  }
  await refused(put("mine", "1", "zz"), 400, "request/invalid");
  assert.deepEqual(await stored(service), [[], []]);
});

Deno.test("putCode never replaces another content, and heals a damaged archive", async () => {
  await using service = await ServiceFixture.open();
  const { client, composed: { store } } = service;
  const archive = archiveOf({ "main.py": "x = 1\n" });
  const { filePath } = await uploadArchive(client, archive);
  await store.put(BUCKET, filePath, archiveOf({ "main.py": "x = 2\n" }));
  await refused(uploadArchive(client, archive), 409, "code/exists");
  await store.put(BUCKET, filePath, archive.subarray(0, 40));
  assert.equal((await uploadArchive(client, archive)).size, archive.length);
  assert.deepEqual(await stored(service), [[filePath], []]);
});

Deno.test("putCode keeps nothing of an upload that is cut off, and a retry succeeds", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const archive = archiveOf({
    "main.py": Array.from({ length: 40_000 }, () => crypto.randomUUID()).join(""),
  });
  const cut = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(archive.subarray(0, 200_000)),
  });
  const upload = client.call("putCode", {
    params: { id: "mine", version: "1.0.0" },
    query: { sha256: sha256Of(archive) },
    body,
  }, { signal: cut.signal }).catch((error) => error);
  await until("the upload is under way", async () => (await stored(service))[1].length === 1);
  cut.abort();
  await upload;
  await until("the rest of it is gone", async () => (await stored(service))[1].length === 0);
  assert.deepEqual((await stored(service))[0], []);
  const { filePath } = await uploadArchive(client, archive);
  assert.deepEqual(await stored(service), [[filePath], []]);
});

Deno.test("putCode refuses an archive that is too large, whether it announces its size or not", async () => {
  await using service = await ServiceFixture.open({ env: { ARCHIVE_MAX_TOTAL_MB: "1" } });
  const bytes = new Uint8Array(66 * 1024 ** 2);
  const put = (body: BodyInit) =>
    service.client.call("putCode", {
      params: { id: "mine", version: "1" },
      query: { sha256: "0".repeat(64) },
      body,
    });
  await refused(put(bytes), 413, "code/too-large");
  await refused(put(new Blob([bytes]).stream()), 413, "code/too-large");
  await until("nothing is left", async () => (await stored(service))[1].length === 0);
});

Deno.test("listVersions lists the archives, the newest first, and marks the one that is deployed", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const versions = async () => {
    const list = await client.call("listVersions", { params: { id: "mine" } });
    return list.versions.map(({ version, isCurrent }) => `${version}${isCurrent ? " *" : ""}`);
  };
  assert.deepEqual(await versions(), []);
  for (const version of ["1.0.0", "2.0.0"]) await deployScript(client, { version });
  await uploadArchive(client, archiveOf({ "main.py": "three" }), "mine", "3.0.0");
  await uploadArchive(client, archiveOf({ "main.py": "other" }), "mine2", "1.0.0");
  assert.deepEqual(await versions(), ["3.0.0", "2.0.0 *", "1.0.0"]);
});
