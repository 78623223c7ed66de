import assert from "node:assert/strict";
import { endWhenRevoked } from "../../../../services/api/end_when_revoked.ts";

/** A stream that goes on until somebody cancels it. */
function endless(): { response: Response; write(text: string): void; end(): void; isCancelled(): boolean } {
  let isCancelled = false;
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => void (isCancelled = true),
  });
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    write: (text) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
    isCancelled: () => isCancelled,
  };
}

Deno.test("endWhenRevoked() passes everything on, and ends with the stream", async () => {
  const { response, write, end } = endless();
  const guarded = endWhenRevoked(response, () => Promise.resolve(true), 1);
  assert.equal(guarded.headers.get("content-type"), "text/event-stream");
  write("one ");
  write("two");
  end();
  assert.equal(await guarded.text(), "one two");
});

Deno.test("endWhenRevoked() ends a stream whose caller is no longer known, and its source", async () => {
  const { response, write, isCancelled } = endless();
  let isKnown = true;
  const guarded = endWhenRevoked(response, () => Promise.resolve(isKnown), 1);
  write("seen");
  const reader = guarded.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "seen");
  const rest = reader.read();
  isKnown = false;
  assert.equal((await rest).done, true);
  assert.ok(isCancelled());
});

Deno.test("endWhenRevoked() lets a stream go on while the database is down, and stops with its client", async () => {
  const { response, write, isCancelled } = endless();
  let asked = 0;
  const { promise: askedTwice, resolve } = Promise.withResolvers<void>();
  const guarded = endWhenRevoked(response, () => {
    if (++asked === 2) resolve();
    return Promise.reject(new Error("the database is down"));
  }, 1);
  await askedTwice;
  write("goes on");
  const reader = guarded.body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "goes on");
  await reader.cancel();
  assert.ok(isCancelled());
});
