import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import { lastStart, restartPolicy, stoppedForDisk } from "../../../../services/bots/restart_policy.ts";

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

const at = new Date(1_700_000_000_000);
const until = new Date(1_700_000_100_000);

function stopped(attempt: number, ranForMs: number): ManagedContainer {
  return {
    id: "bot",
    containerId: "c1",
    containerName: "berth-bot",
    image: "python:3.11-slim",
    kind: "bot",
    specHash: "h1",
    attempt,
    segment: 0,
    phase: "exited",
    exitCode: 0,
    createdAt: new Date(at.getTime() - ranForMs),
    startedAt: new Date(at.getTime() - ranForMs),
    finishedAt: at,
    diskUse: { bytes: 2 ** 29, layerBytes: 0, limitBytes: 2 ** 28 },
  };
}

Deno.test("lastStart() backs off from a bot that was stopped for what it wrote as from a crash, whether or not its container stays", () => {
  for (
    const [attempt, ranForMs, delayMs] of [[1, 1000, 1000], [4, 1000, 8000], [4, 3_600_000, 1000]] as const
  ) {
    const container = stopped(attempt, ranForMs);
    const staying = lastStart("h1", [container], undefined)!;
    const removed = lastStart("h1", [], stoppedForDisk(container))!;
    for (const last of [staying, removed]) {
      assert.deepEqual([last.delayMs, last.endedAt], [delayMs, at.getTime()]);
      assert.equal(last.attempt, ranForMs > 600_000 ? 2 : attempt + 1);
    }
    assert.deepEqual(staying.condition(until), removed.condition(until));
  }
});

Deno.test("lastStart() says of such a bot how much it wrote, and what to do", () => {
  const condition = lastStart("h1", [stopped(1, 1000)], undefined)!.condition(until);
  assert.equal(condition.type, "failed");
  assert.match(
    JSON.stringify(condition),
    /it wrote 512 MB to disk and may write 256 MB; .* raise BOT_DISK_LIMIT_MB/,
  );
});
