import assert from "node:assert/strict";
import { isMeasurementDue } from "../../../../lib/runner/disk_pace.ts";

const MIB = 1024 * 1024;
const LIMIT = 100 * MIB;
const calm = { forMs: 0, costMs: 10, takenBytes: 0, takenInodes: 0 };

Deno.test("isMeasurementDue() is true once a minute while nothing is conspicuous", () => {
  assert.equal(isMeasurementDue({ ...calm, forMs: 59_000 }, LIMIT), false);
  assert.equal(isMeasurementDue({ ...calm, forMs: 60_000 }, LIMIT), true);
  assert.equal(isMeasurementDue({ ...calm, forMs: 59_000, takenBytes: 40 * MIB }, LIMIT), false);
});

Deno.test("isMeasurementDue() is true early when space or inodes are taken fast", () => {
  assert.equal(isMeasurementDue({ ...calm, forMs: 5_000, takenBytes: 60 * MIB }, LIMIT), true);
  assert.equal(isMeasurementDue({ ...calm, forMs: 5_000, takenInodes: 20_000 }, LIMIT), true);
  assert.equal(isMeasurementDue({ ...calm, forMs: 1_000, takenBytes: 60 * MIB }, LIMIT), false);
});

Deno.test("isMeasurementDue() waits ten times as long as the last measurement took", () => {
  const dear = { ...calm, costMs: 20_000, takenBytes: 1000 * MIB };
  assert.equal(isMeasurementDue({ ...dear, forMs: 199_000 }, LIMIT), false);
  assert.equal(isMeasurementDue({ ...dear, forMs: 200_000 }, LIMIT), true);
});
