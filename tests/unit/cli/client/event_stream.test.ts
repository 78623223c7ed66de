import assert from "node:assert/strict";
import { readEvents } from "../../../../cli/client/event_stream.ts";

/** A response whose body comes in pieces of `size` bytes. */
function respond(text: string, size: number): Response {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + size));
        at += size;
      },
    }),
  );
}

Deno.test("events are read in pieces of any size; comments, and what is cut off, are left out", async () => {
  const text = ": nothing new\n\nretry: 1000\n\nid: a/1\ndata: é1\n\nevent: live\ndata: {}\n\n" +
    "id:b\ndata:two\ndata: lines\n\nid: c\ndata: cut";
  for (const size of [1, 2, 3, 7, 1000]) {
    assert.deepEqual(await Array.fromAsync(readEvents(respond(text, size))), [
      { type: "message", id: "a/1", data: "é1" },
      { type: "live", data: "{}" },
      { type: "message", id: "b", data: "two\nlines" },
    ]);
  }
});
