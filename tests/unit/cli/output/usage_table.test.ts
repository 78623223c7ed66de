import assert from "node:assert/strict";
import { formatTable } from "../../../../cli/output/table.ts";
import { usageRates, usageTable } from "../../../../cli/output/usage_table.ts";
import type { Usage } from "../../../../services/contract/events.ts";

function usageOf(id: string, more: Partial<Usage> = {}): Usage {
  return {
    id,
    kind: "bot",
    containerId: `c-${id}`,
    containerName: id,
    time: "2026-01-31T12:00:00.000Z",
    cpuSeconds: 10,
    memoryBytes: 64 * 1024 ** 2,
    memoryLimitBytes: 512 * 1024 ** 2,
    processes: 2,
    restarts: 0,
    createdAt: "2026-01-31T11:00:00.000Z",
    ...more,
  };
}

Deno.test("usageRates() gives the load between two measurements, and none of a new container", () => {
  const later = { time: "2026-01-31T12:00:02.000Z" };
  const before = [usageOf("a"), usageOf("same", { containerId: "old" })];
  const now = [
    usageOf("a", { ...later, cpuSeconds: 10.5 }),
    usageOf("same", { ...later, containerId: "new", cpuSeconds: 0.1 }),
  ];
  assert.deepEqual(usageRates(before, now).map(({ id, cpuPercent }) => [id, cpuPercent]), [["a", 25], [
    "same",
    null,
  ]]);
  assert.deepEqual(usageRates(before, before).map(({ cpuPercent }) => cpuPercent), [null, null]);
});

Deno.test("usageTable() lists the busiest container first", () => {
  const rates = [
    { ...usageOf("idle"), cpuPercent: 0.1 },
    { ...usageOf("busy", { restarts: 3 }), cpuPercent: 99.4 },
    { ...usageOf("new"), cpuPercent: null },
  ];
  assert.deepEqual(usageTable(rates), [
    "BOT   KIND  CPU     MEMORY   LIMIT     PROCESSES  RESTARTS",
    "busy  bot   99.4 %  64.0 MB  512.0 MB  2          3",
    "idle  bot   0.1 %   64.0 MB  512.0 MB  2          0",
    "new   bot   -       64.0 MB  512.0 MB  2          0",
  ]);
});

Deno.test("formatTable() shortens the widest columns first, and none below what can be read", () => {
  const rows = [["ID", "STATE"], ["short", "x".repeat(50)], ["a-longer-one", "y"]];
  assert.deepEqual(formatTable(rows, { columns: 30 }), [
    "ID            STATE",
    `short         ${"x".repeat(15)}…`,
    "a-longer-one  y",
  ]);
  assert.equal(formatTable(rows, { columns: 1 })[1], "short  xxxx…");
  assert.equal(formatTable(rows)[1], `short         ${"x".repeat(50)}`);
});
