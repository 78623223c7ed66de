import assert from "node:assert/strict";
import { Limiter } from "../../../../lib/util/limiter.ts";

Deno.test("Limiter.run() lets at most so many run, in order", async () => {
  const limiter = new Limiter(2);
  const started: number[] = [];
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const work = gates.map((gate, index) =>
    limiter.run(() => {
      started.push(index);
      return gate.promise;
    })
  );
  await Promise.resolve();
  assert.deepEqual(started, [0, 1]);
  gates[1]!.resolve();
  await work[1];
  assert.deepEqual(started, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(work);
  assert.deepEqual(started, [0, 1, 2, 3]);
});

Deno.test("Limiter.run() gives the place of a failed or given-up caller to the next", async () => {
  const limiter = new Limiter(1);
  const gate = Promise.withResolvers<void>();
  const first = limiter.run(() => gate.promise);
  const abort = new AbortController();
  const second = limiter.run(() => Promise.resolve("second"), abort.signal);
  const third = limiter.run(() => Promise.resolve("third"));
  abort.abort(new Error("enough"));
  await assert.rejects(second, /enough/);
  gate.reject(new Error("broken"));
  await assert.rejects(first, /broken/);
  assert.equal(await third, "third");
});
