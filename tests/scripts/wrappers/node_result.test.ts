import assert from "node:assert/strict";
import { linesOf, NODE, WrappedScripts } from "../../support/processes/wrapper_process.ts";

const name = "node_wrapper.cjs";
const { run } = new WrappedScripts(NODE);

Deno.test(`${name} finds a JSON form for what bots return, and says once that NaN became null`, async () => {
  const end = await run(`
module.exports = () => ({
  sharpe: NaN, list: [Infinity, -Infinity, 1.5], big: 2n ** 70n, when: new Date(0), map: new Map([["a", 1n]]),
  set: new Set([1]), series: new Float64Array([1.5, NaN]), nothing: undefined, text: "🚀", items: [undefined, () => 1],
  boxed: new Number(5), error: new RangeError("low"), own: { toJSON: (key) => key }, "__proto__x": null, flags: [true],
});
`);
  assert.deepEqual(end.result, {
    sharpe: null,
    list: [null, null, 1.5],
    big: "1180591620717411303424",
    when: "1970-01-01T00:00:00.000Z",
    map: { a: "1" },
    set: [1],
    series: [1.5, null],
    text: "🚀",
    items: [null, null],
    boxed: 5,
    error: { name: "RangeError", message: "low" },
    own: "own",
    "__proto__x": null,
    flags: [true],
  });
  assert.equal(linesOf(end.stderr).length, 1);
  assert.match(end.stderr, /NaN or Infinity/);
});

Deno.test(`${name} keeps the order of a Map's keys, and converts them like values`, async () => {
  const end = await run(`
module.exports = () => new Map([
  ["60", 1], ["30", 2], [0, 3], [new Date(0), 4], [true, 5], [8389766036995847941n, 6], [null, 7], [["BTC", 1], 8],
]);
`);
  assert.equal(
    end.resultText,
    '{"60":1,"30":2,"0":3,"1970-01-01T00:00:00.000Z":4,"true":5,"8389766036995847941":6,"null":7,"[\\"BTC\\",1]":8}',
  );
});

Deno.test(`${name} says which part of a result JSON cannot hold, and why`, async () => {
  const cases: [string, RegExp][] = [
    ["const a = { b: {} }; a.b.c = a; return a", /as JSON: result\["b"\]\["c"\]: it contains itself/],
    ["return () => {}", /cannot be written as JSON: a function/],
    ["return { toJSON() { throw new Error('no form') } }", /cannot be written as JSON: no form/],
    [
      "return { m: new Map([[1, 'num'], ['1', 'text']]) }",
      /result\["m"\]: two of its keys are both written as "1"/,
    ],
    ["return new Map([[Symbol('x'), 1]])", /one of its keys is a symbol/],
    ["let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a", /nested more than 1000 levels deep/],
  ];
  for (const [body, message] of cases) {
    const end = await run(`module.exports = () => { ${body}; }`);
    assert.deepEqual([end.code, end.result.status], [1, "error"], body);
    assert.match(end.result.message, message);
    assert.match(end.stderr, message);
  }
});

Deno.test(`${name} keeps the result that a bot wrote before it failed, unless it is half a document`, async () => {
  const cases: [string, string, number, string | undefined][] = [
    ["[1, 2]", "throw new Error('boom')", 1, undefined],
    ['{"status":"error"}', "process.exit(7)", 7, undefined],
    ['{"status":"succ', "throw new Error('boom')", 1, "Error: boom"],
    ['{"sharpe":NaN}', "process.exit(7)", 7, "The bot ended with process exit code 7"],
  ];
  for (const [own, ending, code, message] of cases) {
    const end = await run(
      `module.exports = () => { require("node:fs").writeFileSync("result.json", ${
        JSON.stringify(own)
      }); ${ending}; }`,
    );
    assert.equal(end.code, code);
    if (message === undefined) assert.equal(end.resultText, own);
    else assert.deepEqual([end.result.status, end.result.message], ["error", message]);
  }
});

Deno.test(`${name} finds a script whose name is composed otherwise`, async () => {
  const end = await run("", {
    script: "b\u00fccher.js",
    files: { "bu\u0308cher.js": "module.exports = () => 'found'" },
  });
  assert.equal(end.result, "found", end.stderr);
});
