import assert from "node:assert/strict";
import { jsonProblem, jsonTextProblem } from "../../../../lib/util/json_check.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

const SEEDS = [
  '{"a": [1, -2.5e+3, true, false, null, "x\\u00e9\\n\\"", {}], "b": {"c": []}, "é": "✓"}',
  "[]",
  " 0 ",
  '"text"',
  "[[[1],2],3]",
  "-0.0E-0",
];

Deno.test("jsonProblem() agrees with a parser about documents that were damaged at random", async () => {
  const random = seededRandom(7);
  const bytes = encode('{}[]",:\\u0123456789eE+-. tfn\n\x01\xff');
  let valid = 0;
  for (let round = 0; round < 20_000; round++) {
    const mutant = [...encode(random.pick(SEEDS))];
    for (let change = random.below(4); change > 0; change--) {
      const at = random.below(mutant.length + 1);
      if (random.next() < 0.4) mutant.splice(at, 1);
      else mutant.splice(at, random.below(2), random.pick([...bytes, 0xff]));
    }
    const candidate = Uint8Array.from(mutant);
    const isValid = await jsonProblem(candidate) === undefined;
    assert.equal(isValid, parses(candidate), JSON.stringify(new TextDecoder().decode(candidate)));
    if (isValid) valid++;
  }
  assert.ok(valid > 2000 && valid < 18_000, `${valid}`);
});

Deno.test("jsonProblem() says what is wrong and where, and nothing of the content", async () => {
  assert.equal(await jsonProblem(encode('{"secret": NaN}')), "a value is none of JSON's (line 1, column 12)");
  assert.equal(await jsonProblem(encode("")), "it ends too early (line 1, column 1)");
  assert.equal(await jsonProblem(encode("[1,]")), "a bracket is out of place (line 1, column 4)");
  assert.equal(
    await jsonProblem(encode('{"ü": 1,\r\n  "é✓": x}')),
    "a value is none of JSON's (line 2, column 9)",
  );
  assert.equal(jsonTextProblem('{"secret": NaN}'), "a value is none of JSON's (line 1, column 12)");
  assert.equal(jsonTextProblem('{"secret": 1}'), undefined);
  assert.match((await jsonProblem(Uint8Array.of(0x22, 0xff, 0x22)))!, /^it is not UTF-8 \(line 1, byte 2\)$/);
  assert.match((await jsonProblem(encode("[".repeat(100_000))))!, /more than 1000 levels/);
});

Deno.test("jsonProblem() sees characters that lie on the border of two slices", async () => {
  const text = `["${"✓".repeat(1_000_000)}"]`;
  assert.equal(await jsonProblem(encode(text)), undefined);
  assert.match((await jsonProblem(encode(text).subarray(0, -3)))!, /UTF-8|no end/);
});
