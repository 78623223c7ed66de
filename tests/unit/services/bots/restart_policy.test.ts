import assert from "node:assert/strict";
import { restartPolicy } from "../../../../services/bots/restart_policy.ts";

const MINUTE_MS = 60_000;

Deno.test("restartPolicy() starts a bot that always crashes at 0, 1, 3, 7, 15 s and so on, up to 5 min apart", () => {
  const startsAt = [0];
  let attempt = 1;
  for (let start = 1; start < 12; start++) {
    const restart = restartPolicy(attempt, 0);
    startsAt.push(startsAt.at(-1)! + restart.delayMs / 1000);
    attempt = restart.attempt;
  }
  assert.deepEqual(startsAt, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111]);
  assert.equal(attempt, 12);
});

Deno.test("restartPolicy() goes back to 1 s after 10 min of health, and not before", () => {
  assert.deepEqual(restartPolicy(7, 10 * MINUTE_MS), { delayMs: 1000, attempt: 2 });
  assert.deepEqual(restartPolicy(7, 10 * MINUTE_MS - 1), { delayMs: 64_000, attempt: 8 });
});

Deno.test("restartPolicy() takes a damaged count for the first", () => {
  assert.deepEqual(restartPolicy(-3, 0), { delayMs: 1000, attempt: 2 });
});
