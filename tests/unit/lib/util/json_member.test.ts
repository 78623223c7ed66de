import assert from "node:assert/strict";
import { withoutMember } from "../../../../lib/util/json_member.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

Deno.test("withoutMember() takes a member out, and leaves all else byte for byte", () => {
  const cases: [string, string][] = [
    ['{ "a": 1.0, "berth": {"x": [1, "}"]}, "b":1e5 }', '{ "a": 1.0, "b":1e5 }'],
    ['{"berth": "a,\\"b", "a": 1.10}\n', '{"a": 1.10}\n'],
    ['{"a": 1 , "berth": null }', '{"a": 1 }'],
    ['{\n  "berth": {}\n}', "{\n  }"],
    ['{"\\u0062erth": 1, "a": {"berth": 2}}', '{"a": {"berth": 2}}'],
    ['{"berth": 1, "a": "berth", "berth": 2}', '{"a": "berth"}'],
    ['{"a": [{"berth": 1}]}', '{"a": [{"berth": 1}]}'],
    ["{}", "{}"],
    ["[1]", "[1]"],
    ['"berth"', '"berth"'],
  ];
  for (const [text, expected] of cases) {
    const result = withoutMember(text, "berth");
    assert.equal(result, expected);
    JSON.parse(result);
  }
});

Deno.test("withoutMember() says what a parser says of the rest, in linear time", () => {
  const random = seededRandom(9);
  const names = ["a", "berth", 'q"', "\\", "é", "10", "2"];
  const values = [1, "x,}", null, [1, { berth: 1 }], { "}": "{" }, true, "\\"];
  for (let round = 0; round < 500; round++) {
    const value = Object.fromEntries(
      names.filter(() => random.next() < 0.6).map((name) => [name, random.pick(values)]),
    );
    const text = JSON.stringify(value, null, random.pick([0, 2]));
    const { berth: _, ...rest } = value;
    assert.deepEqual(JSON.parse(withoutMember(text, "berth")), rest, text);
  }
  const large = `{"berth": 1, "a": "${'\\"'.repeat(500_000)}"}`;
  assert.equal(withoutMember(large, "berth").length, large.length - '"berth": 1, '.length);
});
