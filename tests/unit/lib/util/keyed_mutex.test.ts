import assert from "node:assert/strict";
import { KeyedMutex } from "../../../../lib/util/keyed_mutex.ts";

Deno.test("KeyedMutex.run() lets those of one key run in order, also after a failure, and holds up no other", async () => {
  const mutex = new KeyedMutex();
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = mutex.run("a", async () => {
    events.push("first begins");
    await gate.promise;
    throw new Error("broken");
  });
  const second = mutex.run("a", () => Promise.resolve(events.push("second")));
  await mutex.run("b", () => Promise.resolve(events.push("other")));
  assert.deepEqual(events, ["first begins", "other"]);
  gate.resolve();
  await assert.rejects(first, /broken/);
  await second;
  assert.deepEqual(events, ["first begins", "other", "second"]);
});
