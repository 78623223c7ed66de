import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { sendWhole, wholeResponse } from "../../../../services/api/whole_response.ts";

/** A way to a client. */
class Outgoing {
  status: number | undefined;
  headers: Record<string, unknown> = {};
  body: string | undefined;

  writeHead(status: number, headers: Record<string, unknown>): void {
    this.status = status;
    this.headers = headers;
  }

  end(body: string): void {
    this.body = body;
  }
}

Deno.test("sendWhole() sends a whole response at once, with every header and its length in bytes", () => {
  const response = wholeResponse('"é"', { status: 201, headers: { "content-type": "application/json" } });
  response.headers.append("set-cookie", "a=1");
  response.headers.append("set-cookie", "b=2");
  const outgoing = new Outgoing();
  assert.equal(sendWhole(response, outgoing as unknown as ServerResponse), true);
  assert.deepEqual({ ...outgoing }, {
    status: 201,
    headers: { "content-type": "application/json", "set-cookie": ["a=1", "b=2"], "content-length": 4 },
    body: '"é"',
  });
});

Deno.test("sendWhole() leaves other responses alone", () => {
  const outgoing = new Outgoing();
  const copy = new Response(null, wholeResponse("{}", {}));
  assert.equal(sendWhole(copy, outgoing as unknown as ServerResponse), false);
  assert.equal(outgoing.status, undefined);
});
