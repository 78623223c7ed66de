import assert from "node:assert/strict";
import { didYouMean } from "../../../../lib/util/did_you_mean.ts";

Deno.test("didYouMean() finds the name that one was meant to be, and none that is far away", () => {
  const known = ["schedule", "timezone", "retries", "MONGO_URI"];
  const cases = {
    shedule: "schedule",
    SCHEDULE: "schedule",
    timzone: "timezone",
    retry: undefined,
    MONGO_URL: "MONGO_URI",
    colour: undefined,
    "": undefined,
    ["x".repeat(100_000)]: undefined,
  };
  for (const [name, meant] of Object.entries(cases)) {
    assert.equal(didYouMean(name, known), meant, name.slice(0, 20));
  }
  assert.equal(didYouMean("schedule", []), undefined);
});
