import assert from "node:assert/strict";
import { unenforcedLimits } from "../../../../../lib/engine/docker/dockerode_answers.ts";

Deno.test("unenforcedLimits() names the settings that the kernel cannot hold, and only those", () => {
  const all = { MemoryLimit: true, CPUShares: true, CpuCfsQuota: true, PidsLimit: true };
  assert.deepEqual(unenforcedLimits(all), []);
  assert.deepEqual(unenforcedLimits({}), []);
  assert.deepEqual(unenforcedLimits({ ...all, CpuCfsQuota: false, MemoryLimit: false }), [
    "memory_mb",
    "cpus",
  ]);
});
