import assert from "node:assert/strict";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import { runOf, slotLabel } from "../../../../services/schedules/run_names.ts";
import { runId } from "../../../../services/schedules/run_repository.ts";

const container = (slot: string) => ({ id: "s", slot }) as unknown as ManagedContainer;

Deno.test("runOf() finds the run and the attempt that slotLabel() named", () => {
  for (const [trigger, number] of [["schedule", 1], ["manual", 1], ["manual", 2], ["manual", 31]] as const) {
    for (const attempt of [1, 2, 9, 10, 101]) {
      const id = runId("s", 1_735_689_600, trigger, number);
      const label = slotLabel({ id, slot: 1_735_689_600, trigger }, attempt);
      assert.match(label, /^[a-z0-9-]+$/, "it is part of a container's name");
      assert.deepEqual(runOf(container(label)), {
        id,
        scheduleId: "s",
        slot: 1_735_689_600,
        trigger,
        attempt,
      });
    }
  }
});

Deno.test("runOf() does not take another label for a run's", () => {
  for (
    const label of [
      "",
      "x",
      "1-r1",
      "1-r0",
      "1-manual-r1",
      "1-manual-1",
      "1-2",
      "1-r2-manual",
      "-1",
      "1.5",
      "1735689600000000",
    ]
  ) {
    assert.equal(runOf(container(label)), undefined, label);
  }
});
