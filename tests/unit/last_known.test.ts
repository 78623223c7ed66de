import assert from "node:assert/strict";
import { LastKnown } from "../../lib/last_known.ts";

const down = () => Promise.reject(new Error("down"));
const hanging = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const isUsable = () => true;
const answer = <T>(value: T) => () => Promise.resolve(value);

Deno.test("LastKnown takes what was found last when a store fails or hangs, and waits for one that is slow", async () => {
  const known = new LastKnown<string>();
  await assert.rejects(
    known.find("a", { find: down, probe: down, isUsable }),
    /down/,
    "nothing was found before",
  );
  assert.equal(await known.find("a", { find: answer("1"), probe: down, isUsable }), "1");
  assert.equal(await known.find("a", { find: down, probe: down, isUsable }), "1");
  const { promise, reject } = Promise.withResolvers<string>();
  assert.equal(await known.find("a", { find: () => promise, probe: hanging, isUsable }), "1");
  reject(new Error("found too late, by nobody"));

  const slow = () => new Promise<string>((resolve) => setTimeout(resolve, 1_300, "2"));
  assert.equal(await known.find("a", { find: slow, probe: answer(undefined), isUsable }), "2");
  assert.equal(await known.find("a", { find: down, probe: down, isUsable }), "2");
  await assert.rejects(
    known.find("a", { find: down, probe: answer(undefined), isUsable }),
    /down/,
    "the store answers",
  );
  await assert.rejects(known.find("a", { find: down, probe: down, isUsable: () => false }), /down/);
  await assert.rejects(known.find("b", { find: down, probe: down, isUsable }), /down/);
});

Deno.test("LastKnown gives up with its caller", async () => {
  const known = new LastKnown<string>();
  await known.find("a", { find: answer("1"), probe: down, isUsable });
  const controller = new AbortController();
  const finding = known.find("a", {
    find: () => hanging(controller.signal),
    probe: hanging,
    isUsable,
    signal: controller.signal,
  });
  controller.abort(new Error("the start was given up"));
  await assert.rejects(finding, /given up/);
});
