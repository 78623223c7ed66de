// deno-lint-ignore-file no-explicit-any -- the modules have no types
/** How the dashboard formats strings, times and numbers: its modules run here as they do in a browser. */

import assert from "node:assert/strict";
import { ansiParts } from "../../../../services/dashboard/text/ansi.js";
import { conditionWords } from "../../../../services/dashboard/text/condition.js";
import { parseExact, stringifyExact } from "../../../../services/dashboard/text/exact_json.js";
import { asText } from "../../../../services/dashboard/text/as_text.js";
import { bytes, duration, exact, percent } from "../../../../services/dashboard/text/format.js";
import { readLine } from "../../../../services/dashboard/text/log_text.js";
import { plainText, prettyText } from "../../../../services/dashboard/text/plain_text.js";
import { groupOf, GROUPS, stateWord } from "../../../../services/dashboard/text/states.js";
import { parseLine, readEvents } from "../../../../services/dashboard/store/read_stream.js";
import { BOT_STATES } from "../../../../services/contract/bots.ts";

const line = (text: string) => readLine({ text }) as any;
const shown = (text: string) => line(text).parts.map((part: any) => part.text).join("");

Deno.test("every state of the API has a word and a group", () => {
  for (const state of BOT_STATES) {
    assert.ok(GROUPS.includes(groupOf(state)));
    assert.match(stateWord(state), /^[A-Z]/);
  }
  assert.deepEqual([groupOf("running"), groupOf("backing-off"), groupOf("disabled")], [
    "running",
    "failing",
    "disabled",
  ]);
});

Deno.test("escape sequences become colours, and whatever else they do is dropped", () => {
  const parts = ansiParts(
    "\x1b[1;31mred\x1b[0m plain \x1b[38;5;208morange\x1b[39m \x1b[2Jno\x1b]0;title\x07 end\x1b[",
  );
  assert.deepEqual(parts.map(({ text, classes }: any) => [text, classes]), [
    ["red", "ansi-red ansi-bold"],
    [" plain ", ""],
    ["orange", "ansi-own"],
    [" ", ""],
    ["no", ""],
    [" end", ""],
  ]);
  assert.equal(parts[2].color, "rgb(255 135 0)");
  assert.deepEqual(ansiParts("\x1b[38;2;999;;mtext")[0].color, "rgb(255 0 0)");
  assert.equal(plainText("\x1b[31ma\x1b[0m\tb\n\u202ec\x00"), "a\tb �c␀");
  assert.equal(plainText("x".repeat(1_000_000), 5), "xxxxx…");
});

Deno.test("a line tells its level, and JSON is folded to its message", () => {
  assert.equal(line("2026-01-01 12:00:00 ERROR it broke").level, "error");
  assert.equal(line("no ERRORS here").level, undefined);
  assert.equal(line('{"level":30,"msg":"pino"}').level, "info");
  assert.equal(line('{"severity":"CRITICAL","message":"x"}').level, "error");
  assert.equal(
    shown('{"level":"info","msg":"filled","size":0.1,"book":{"a":1},"list":[1,2]}'),
    "filled  size=0.1 book={…} list=[2]",
  );
  assert.equal(shown('{"_metric":"equity","value":10412.80}'), "metric equity  value=10412.8");
  assert.equal(shown('{"id":12345678901234567890}'), "id=12345678901234567890");
  assert.equal(shown("{not json"), "{not json");
  assert.equal(shown('{"__proto__":{"msg":"no"}}'), "__proto__={…}");
  assert.ok(shown(`{"msg":"${"x".repeat(200_000)}"}`).length < 1100);
});

Deno.test("whatever stands where a level or a name belongs is text, and no line fails", () => {
  for (
    const given of ['{"toString":0}', "[[]]", "null", "true", '"constructor"', '"__proto__"', "1e400", "{}"]
  ) {
    const { level, parts } = line(`{"level":${given},"msg":"it ran"}`);
    assert.equal(level, undefined, given);
    assert.equal(parts[0].text, "it ran");
  }
  assert.equal(
    asText(parseExact('{"toString":0,"ids":[12345678901234567890]}')),
    '{ "toString": 0, "ids": [ 12345678901234567890 ] }',
  );
  assert.equal(plainText({ toString: 0, a: "\n" }), '{ "toString": 0, "a": "\\n" }');
  assert.deepEqual([undefined, null, 7n, false].map((value) => plainText(value)), [
    "undefined",
    "null",
    "7",
    "false",
  ]);
  const deep = parseExact(`${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`);
  assert.match(stringifyExact(deep), /"a": …\n/);
});

Deno.test("integers keep all their digits, and JSON is written as it was", () => {
  const value = parseExact('{"id":12345678901234567890,"price":0.1,"list":[],"deep":{"a":[1,"x"]}}');
  assert.equal(value.id, 12345678901234567890n);
  assert.equal(
    stringifyExact(value),
    '{\n  "id": 12345678901234567890,\n  "price": 0.1,\n  "list": [],\n  "deep": {\n    "a": [\n      1,\n      "x"\n    ]\n  }\n}',
  );
});

Deno.test("times, sizes and values are short, and money keeps its digits", () => {
  assert.deepEqual([-5, 59_999, 61_000, 3 * 3_600_000 + 720_000, 26 * 3_600_000].map(duration), [
    "0 s",
    "59 s",
    "1 min",
    "3 h 12 min",
    "1 d 2 h",
  ]);
  assert.deepEqual([0, 1023, 1024 ** 2 * 211, 1536].map(bytes), ["0 B", "1023 B", "211 MB", "1.50 KB"]);
  assert.deepEqual([10412.8, 0.00012345, 1e21, 1e-9].map(exact), ["10,412.8", "0.00012345", "1e+21", "1e-9"]);
  assert.deepEqual([0, 0.004, 0.5, 1.204].map(percent), ["0 %", "0.4 %", "50 %", "120 %"]);
  const words = conditionWords(
    "backing off until 2026-01-31T12:00:00.000Z (exit code 1)",
    Date.parse("2026-03-01T00:00:00Z"),
  );
  assert.match(
    words,
    /^backing off until Jan (30|31|1), \d\d:\d\d \(exit code 1\)$|^backing off until (Jan 31|Feb 1), \d\d:\d\d \(exit code 1\)$/,
  );
});

Deno.test("events are read however the stream is cut into pieces", async () => {
  const text =
    'retry: 1000\n\n:\n\nid: a-1\nevent: condition\ndata: {"a":"ü"}\n\nid: a-2\ndata: one\ndata: two\n\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 3, 7, 1000]) {
    const chunks = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, at) => bytes.slice(at * size, (at + 1) * size),
    );
    let heard = 0;
    const groups = await Array.fromAsync(
      readEvents(new Response(ReadableStream.from(chunks)), () => heard++),
    ) as any[];
    assert.deepEqual(groups.flat(), [
      { id: "a-1", type: "condition", data: '{"a":"ü"}' },
      { id: "a-2", type: "message", data: "one\ntwo" },
    ]);
    assert.equal(heard, chunks.length, "heartbeats are heard");
  }
});

Deno.test("of a line that nobody reads to its end only the beginning is kept", () => {
  const { text } = parseLine(JSON.stringify({ time: "t", text: "x".repeat(1_000_000) }));
  assert.ok(text.length < 50_100 && text.endsWith("x … and 950000 more characters"), text.slice(-100));
  assert.deepEqual(parseLine('{"text":"short"}'), { text: "short" });
  assert.deepEqual(parseLine('{"problem":{}}'), { problem: {} });
  const value = prettyText({ text: "x".repeat(1_000_000) });
  assert.ok(value.length < 50_100 && value.endsWith("more characters"));
});
