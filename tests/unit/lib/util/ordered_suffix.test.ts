import assert from "node:assert/strict";
import { orderedSuffix } from "../../../../lib/util/ordered_suffix.ts";

Deno.test("ids of the same millisecond sort in the order in which they were made", () => {
  const ids = Array.from({ length: 1000 }, () => `20260131T120000123Z-${orderedSuffix()}`);
  assert.deepEqual(ids.toSorted(), ids);
  for (const id of ids) assert.match(id, /-[0-9a-f]{8}$/);
});
