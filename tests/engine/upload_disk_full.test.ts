import assert from "node:assert/strict";
import { ApiError } from "../../cli/client/api_client.ts";
import { archiveOf, deployScript, uploadArchive } from "../support/fixtures/deploy_support.ts";
import { mountSmallDisk } from "../support/small_disk.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder)).catch(() => [])).map(({ name }) => name);
}

/** Hardly compressible, and larger than the disk. */
const large = () =>
  archiveOf({ "main.py": Array.from({ length: 40_000 }, () => crypto.randomUUID()).join("") });

for (const where of ["uploads", "objects"] as const) {
  Deno.test(`an upload that fills the disk of the ${where} is 507, leaves nothing behind, and stops no other work`, async () => {
    await using service = await ServiceFixture.open();
    const { client, config: { runner } } = service;
    const folder = where === "uploads"
      ? `${runner.tempDir}/${runner.instance}/uploads`
      : `${runner.dataDir}/objects/.uploading`;
    await using disk = await mountSmallDisk(folder, "256k");
    if (!disk) return;
    const error = await uploadArchive(client, large()).catch((error) => error);
    assert.ok(error instanceof ApiError, `${error}`);
    assert.deepEqual([error.status, error.code], [507, "storage/full"]);
    assert.match(error.message, /disk of the service is full.*Free some space/);
    assert.deepEqual(await namesIn(folder), []);
    assert.deepEqual((await client.call("listVersions", { params: { id: "mine" } })).versions, []);
    if (where === "uploads") assert.equal((await deployScript(client)).isNew, true);
  });
}
