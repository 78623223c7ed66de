import assert from "node:assert/strict";
import { batched } from "../../../../lib/util/batched.ts";
import { until } from "../../../support/until.ts";

/** A server that doubles numbers; it answers when it is told to. */
function makeServer() {
  const sent: (number | readonly number[])[] = [];
  const answers: (() => void)[] = [];
  const answered = () => new Promise<void>((resolve) => void answers.push(resolve));
  const double = batched<number, number>({
    async alone(key) {
      sent.push(key);
      await answered();
      if (key < 0) throw new RangeError(`${key} is at fault`);
      return key * 2;
    },
    async together(keys) {
      sent.push(keys);
      await answered();
      return keys.some((key) => key < 0) ? undefined : keys.map((key) => key * 2);
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return {
    sent,
    double,
    settle,
    async answer() {
      for (const answer of answers.splice(0)) answer();
      await settle();
    },
  };
}

Deno.test("batched() makes a call that comes alone at once, and as it is", async () => {
  const { sent, double, settle, answer } = makeServer();
  const call = double(1);
  await settle();
  assert.deepEqual(sent, [1]);
  await answer();
  assert.equal(await call, 2);
  const next = double(3);
  await settle();
  assert.deepEqual(sent, [1, 3]);
  await answer();
  assert.equal(await next, 6);
});

Deno.test("batched() makes one call of those that come while another is under way", async () => {
  const { sent, double, settle, answer } = makeServer();
  const first = double(1);
  await settle();
  const others = [2, 3, 2].map((key) => double(key));
  await settle();
  assert.deepEqual(sent, [1]);
  await answer();
  assert.equal(await first, 2);
  assert.deepEqual(sent, [1, [2, 3, 2]]);
  await answer();
  assert.deepEqual(await Promise.all(others), [4, 6, 4]);
});

Deno.test("batched() takes a call apart, so that only what is at fault fails", async () => {
  const { sent, double, settle, answer } = makeServer();
  const calls = Promise.allSettled([1, -2, 3].map((key) => double(key)));
  await settle();
  await answer();
  assert.deepEqual(sent, [[1, -2, 3], 1, -2, 3]);
  await answer();
  const [one, two, three] = await calls;
  assert.deepEqual(one, { status: "fulfilled", value: 2 });
  assert.deepEqual(three, { status: "fulfilled", value: 6 });
  assert.equal(two!.status, "rejected");
  assert.match(String((two as PromiseRejectedResult).reason), /-2 is at fault/);
});

Deno.test("batched() waits for no call that hangs", async () => {
  const { sent, double, settle, answer } = makeServer();
  const hanging = double(1);
  await settle();
  const late = double(2);
  await until("the second call", () => sent.length >= 2);
  assert.deepEqual(sent, [1, 2]);
  await answer();
  assert.deepEqual(await Promise.all([hanging, late]), [2, 4]);
});

Deno.test("batched() rejects all calls with what made them fail together, and goes on", async () => {
  let isDown = true;
  const call = batched<string, string>({
    alone: (key) => Promise.resolve(key),
    together: (keys) => isDown ? Promise.reject(new Error("nobody answers")) : Promise.resolve(keys),
  });
  const results = await Promise.allSettled([call("a"), call("b")]);
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
  isDown = false;
  assert.deepEqual(await Promise.all([call("a"), call("b")]), ["a", "b"]);
});
