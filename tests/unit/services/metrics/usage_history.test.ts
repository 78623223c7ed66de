import assert from "node:assert/strict";
import type { Usage } from "../../../../services/contract/events.ts";
import { UsageHistory } from "../../../../services/metrics/usage_history.ts";

const at = (seconds: number, more: Partial<Usage> = {}): Usage => ({
  id: "one",
  kind: "bot",
  containerId: "a",
  containerName: "one",
  time: new Date(seconds * 1000).toISOString(),
  cpuSeconds: seconds / 4,
  memoryBytes: 100 + seconds,
  restarts: 0,
  createdAt: new Date(0).toISOString(),
  ...more,
});

Deno.test("UsageHistory tells the load between two measurements, and begins anew with a container", () => {
  const history = new UsageHistory();
  for (const usage of [at(0), at(10), at(10), at(30, { containerId: "b", cpuSeconds: 1 })]) {
    history.add([usage]);
  }
  history.add([at(5), at(40, { containerId: "b", cpuSeconds: 6 }), at(1, { id: "run", kind: "run" })]);
  assert.deepEqual(history.of("one").map(({ cpu, memoryBytes }) => [cpu, memoryBytes]), [
    [undefined, 100],
    [0.25, 110],
    [undefined, 130],
    [0.5, 140],
  ]);
  assert.deepEqual([history.of("run"), history.of("two")], [[], []]);
});

Deno.test("UsageHistory keeps a bounded number of points, the latest ones closest, and forgets what is gone", () => {
  const history = new UsageHistory();
  for (let seconds = 0; seconds < 20_000; seconds += 10) history.add([at(seconds)]);
  const times = history.of("one").map(({ time }) => Date.parse(time) / 1000);
  assert.ok(times.length <= 300, `${times.length} points`);
  assert.ok(times[0]! < 3000, "the earliest are not all gone");
  assert.ok(times.every((time, index) => index === 0 || time > times[index - 1]!));
  assert.deepEqual(times.slice(-100), Array.from({ length: 100 }, (_, index) => 19_000 + 10 * index));
  history.add([at(20_000 + 25 * 3600, { id: "two" })]);
  assert.deepEqual(history.of("one"), []);
});
