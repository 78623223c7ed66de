import assert from "node:assert/strict";
import { ApiError } from "../../cli/client/api_client.ts";
import { archiveOf, deployScript, uploadArchive } from "../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";

/** Gives a folder a small disk of its own. @returns Whether this machine lets it. */
async function mountSmall(folder: string): Promise<boolean> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const args = ["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", folder];
  return (await new Deno.Command("mount", { args }).output().catch(() => undefined))?.success === true;
}

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
    await using stack = new AsyncDisposableStack();
    const folder = where === "uploads"
      ? `${runner.tempDir}/${runner.instance}/uploads`
      : `${runner.dataDir}/objects/.uploading`;
    if (!await mountSmall(folder)) return console.warn("NOT RUN: this user may not mount a small disk.");
    stack.defer(async () => void await new Deno.Command("umount", { args: ["-l", folder] }).output());
    const error = await uploadArchive(client, large()).catch((error) => error);
    assert.ok(error instanceof ApiError, `${error}`);
    assert.deepEqual([error.status, error.code], [507, "storage/full"]);
    assert.match(error.message, /disk of the service is full.*Free some space/);
    assert.deepEqual(await namesIn(folder), []);
    assert.deepEqual((await client.call("listVersions", { params: { id: "mine" } })).versions, []);
    if (where === "uploads") assert.equal((await deployScript(client)).isNew, true);
  });
}
