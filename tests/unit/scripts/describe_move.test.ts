import assert from "node:assert/strict";
import { describeMove, type Move } from "../../../scripts/cluster_demo/describe_move.ts";

const MOVE: Move = {
  id: "counter",
  from: "node-2",
  to: "node-3",
  last: { count: 7, epoch: 1, at: 1000 },
  first: { count: 5, epoch: 2, at: 18_100 },
  leaseSeconds: 10,
};

Deno.test("describeMove() tells how long the bot was down, and what went with its node", () => {
  const text = describeMove(MOVE).join("\n");
  assert.match(text, /^Away: {3}17\.1 s, from the last count on node-2 to the first on node-3\.$/m);
  assert.match(text, /LEASE_EPOCH 1 on node-2, 2 on node-3/);
  assert.match(text, /went on with 5, after the 4 of its last snapshot\. .* went with node-2: 3 counts\.$/m);
  assert.match(
    describeMove({ ...MOVE, first: { ...MOVE.first, count: 7 } }).join("\n"),
    /node-2: 1 count\.$/m,
  );
  assert.match(
    describeMove({ ...MOVE, first: { ...MOVE.first, count: 8 } }).join("\n"),
    /Nothing was lost\.$/m,
  );
});

Deno.test("describeMove() refuses a move that lost the state, or that began before the end of the first copy", () => {
  assert.throws(
    () => describeMove({ ...MOVE, first: { ...MOVE.first, count: 1 } }),
    /lost its state: .* node-3/,
  );
  assert.throws(() => describeMove({ ...MOVE, first: { ...MOVE.first, at: 999 } }), /Two copies of counter/);
});
