import assert from "node:assert/strict";
import { checkDisk, diskFinding } from "../../../cli/check_disk.ts";

const MIB = 1024 * 1024;
const facts = { freeBytes: 5000 * MIB, limitBytes: 2048 * MIB, storage: "overlay2 on extfs" };

Deno.test("diskFinding() counts the bots that have room, and says who bounds what they write", () => {
  assert.deepEqual(diskFinding(facts), {
    subject: "Disk",
    state: "ok",
    detail: "5000 MiB free in TEMP_DIR: room for 2 bots that write their whole 2048 MiB; " +
      "Berth measures (overlay2 on extfs)",
  });
  assert.match(diskFinding({ ...facts, storage: "overlay2 on xfs" }).detail, /the engine may have quotas/);
});

Deno.test("diskFinding() warns where there is no room, or no limit", () => {
  const full = diskFinding({ ...facts, freeBytes: 100 * MIB });
  assert.deepEqual([full.state, full.advice?.includes("BOT_DISK_LIMIT_MB")], ["warning", true]);
  const free = diskFinding({ ...facts, limitBytes: undefined });
  assert.deepEqual([free.state, free.detail], [
    "warning",
    "5000 MiB free in TEMP_DIR: what bots write is not limited",
  ]);
});

Deno.test("checkDisk() asks the file system that a missing folder would be in", async () => {
  const resources = { memoryBytes: 1, cpuShares: 2, pids: 3, diskBytes: 1 };
  const [finding] = await checkDisk({ tempDir: "/tmp/berth-none/of/these", resources }, facts.storage);
  assert.match(finding!.detail, /^\d+ MiB free in TEMP_DIR: room for [1-9]\d* bots/);
});
