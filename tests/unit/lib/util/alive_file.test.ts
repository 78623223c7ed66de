import assert from "node:assert/strict";
import { aliveFileOf, keepAliveFile } from "../../../../lib/util/alive_file.ts";
import { until } from "../../../support/until.ts";

Deno.test("keepAliveFile() touches its file again and again, closed to others, and removes it at the end", async () => {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const path = aliveFileOf(temp, "main");
    {
      await using _alive = await keepAliveFile(path, 5);
      const { mode } = await Deno.stat(path);
      assert.equal(mode! & 0o777, 0o600);
      const isFresh = async () => (await Deno.stat(path).catch(() => undefined))?.mtime?.getTime() !== 0;
      await Deno.utime(path, 0, 0);
      await until("the file's being touched", isFresh);
      // A cleaner of temporary files took it away, folder and all. In one step: the file may be touched meanwhile.
      await Deno.rename(`${temp}/main`, `${temp}/gone`);
      await until("another file", () => Deno.stat(path).then(() => true, () => false));
    }
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
});
