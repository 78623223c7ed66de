import assert from "node:assert/strict";
import { uploadCode } from "../../../cli/deploy/upload_code.ts";
import { BerthError } from "../../../lib/errors.ts";
import { zipFolder } from "../../../lib/archive/zip_folder.ts";
import { buildOf } from "../../../services/documents/archive_key.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";

Deno.test("an upload that the service's end cuts off says so, and a retry succeeds", async () => {
  await using service = await ServiceFixture.open();
  const folder = `${service.temp}/bot`;
  await Deno.mkdir(folder);
  const noise = new Uint8Array(20_000_000);
  for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  await Deno.writeFile(`${folder}/data.bin`, noise);
  const { archive, contentHash } = await zipFolder(folder);
  const upload = { id: "mine", version: "1.0.0", build: buildOf(contentHash), archive };
  let stopping: Promise<void> | undefined;
  const error = await uploadCode(service.client, {
    ...upload,
    onProgress: () => stopping ??= service.stop(),
  }).catch((error) => error);
  await stopping;
  assert.ok(error instanceof BerthError, `${error}`);
  assert.equal(error.code, "service/gone");
  assert.match(
    error.message,
    /went away in the middle of the upload\. Nothing was changed\. Run the command again/,
  );
  await service.start();
  const seen: number[] = [];
  const { code, isSent } = await uploadCode(service.client, {
    ...upload,
    onProgress: (sent) => seen.push(sent),
  });
  assert.deepEqual([isSent, code.size, seen.at(-1)], [true, archive.length, archive.length]);
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  assert.equal((await uploadCode(service.client, upload)).isSent, false);
});
