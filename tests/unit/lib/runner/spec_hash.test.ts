import assert from "node:assert/strict";
import { canonicalJson, specHash } from "../../../../lib/runner/spec_hash.ts";

Deno.test("specHash() does not depend on the order of keys or on undefined fields", () => {
  assert.equal(
    specHash({ a: 1, b: { c: [1, 2], d: "x" } }),
    specHash({ b: { d: "x", c: [1, 2] }, a: 1, e: undefined }),
  );
});

Deno.test("specHash() changes with every value, and with the order of a list", () => {
  const base = specHash({ a: 1, b: { c: [1, 2] } });
  const others = [{ a: 2, b: { c: [1, 2] } }, { a: 1, b: { c: [2, 1] } }, { a: "1", b: { c: [1, 2] } }, {
    a: 1,
  }];
  for (const other of others) assert.notEqual(specHash(other), base);
});

Deno.test("canonicalJson() keeps large integers apart, and numbers from texts", () => {
  const hash = (text: string) => specHash({ config: canonicalJson(text) });
  assert.equal(hash('{"a":1,"b":[true,null]}'), hash('{ "b" : [true, null], "a": 1 }'));
  assert.notEqual(hash('{"a":12345678901234567890}'), hash('{"a":12345678901234567891}'));
  assert.notEqual(hash('{"a":1}'), hash('{"a":"1"}'));
});
