import assert from "node:assert/strict";
import { LastLines } from "../../../../lib/logs/last_lines.ts";

function lastOf(texts: readonly string[], limits: { tail: number; tailChars?: number }) {
  const last = new LastLines(limits);
  for (const text of texts) last.add({ text });
  return { texts: last.lines.map(({ text }) => text), isFull: last.isFull };
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

Deno.test("LastLines keeps the last lines", () => {
  assert.deepEqual(lastOf(numbers(5000), { tail: 2 }), { texts: ["4998", "4999"], isFull: true });
  assert.deepEqual(lastOf(numbers(2), { tail: 2 }), { texts: ["0", "1"], isFull: true });
  assert.deepEqual(lastOf(numbers(1), { tail: 2 }), { texts: ["0"], isFull: false });
  assert.deepEqual(lastOf(numbers(1), { tail: 0 }), { texts: [], isFull: true });
  assert.deepEqual(lastOf([], { tail: 2 }), { texts: [], isFull: false });
});

Deno.test("LastLines keeps fewer lines if they are long, and at least one", () => {
  const limits = { tail: 10, tailChars: 100 };
  const long = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(40, "x"));
  assert.deepEqual(lastOf(long, limits), { texts: long.slice(-2), isFull: true });
  const huge = [...long, "y".repeat(1000)];
  assert.deepEqual(lastOf(huge, limits), { texts: huge.slice(-1), isFull: true });
  assert.deepEqual(lastOf([...huge, "z"], limits), { texts: ["z"], isFull: true });
});
