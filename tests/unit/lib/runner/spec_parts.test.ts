import assert from "node:assert/strict";
import { describeChange, hashParts } from "../../../../lib/runner/spec_parts.ts";

const PARTS = { code: { version: "1" }, runtime: "a", config: {}, limits: 1, settings: {}, service: 1 };
const before = hashParts(PARTS);

Deno.test("describeChange() names the parts that differ", () => {
  const change = (more: Partial<typeof PARTS>) => describeChange(before, hashParts({ ...PARTS, ...more }));
  assert.equal(change({ code: { version: "2" } }), "its code changed");
  assert.equal(
    change({ config: { a: 1 }, limits: 2 }),
    "its configuration and its limits or network changed",
  );
  assert.equal(
    change({ code: { version: "3" }, config: { b: 1 }, service: 2 }),
    "its code, its configuration and the settings of the service changed",
  );
});

Deno.test("describeChange() says nothing that it does not know", () => {
  assert.equal(describeChange(before, before), undefined);
  assert.equal(describeChange(undefined, before), undefined);
  assert.equal(describeChange("", before), undefined);
  assert.equal(describeChange("code=1,other=2,__proto__=3", "other=3,__proto__=4"), undefined);
});
