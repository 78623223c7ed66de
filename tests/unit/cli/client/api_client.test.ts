import assert from "node:assert/strict";
import { ApiClient } from "../../../../cli/client/api_client.ts";
import { NoServiceError } from "../../../../cli/client/api_connection.ts";
import { apiSocketOf } from "../../../../lib/util/api_socket.ts";

Deno.test("ApiClient gives up a service that takes a request and never answers, and says what to do", async () => {
  const tempDir = await Deno.makeTempDir({ prefix: "berth-test-" });
  await Deno.mkdir(`${tempDir}/frozen`);
  using listener = Deno.listen({ transport: "unix", path: apiSocketOf(tempDir, "frozen") });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) accepted.push(connection);
  })();
  try {
    using client = new ApiClient({ tempDir, instance: "frozen" }, { readLimitMs: 50 });
    await assert.rejects(client.call("listBots", { query: {} }), (error) => {
      assert.ok(error instanceof NoServiceError);
      assert.match(error.message, /api\.sock' within 0\.05 s\. .*berth doctor/);
      return true;
    });
  } finally {
    for (const connection of accepted) connection.close();
    listener.close();
    await accepting;
    await Deno.remove(tempDir, { recursive: true });
  }
});
