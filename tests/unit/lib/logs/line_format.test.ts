import assert from "node:assert/strict";
import { ByteBuilder } from "../../../../lib/logs/byte_builder.ts";
import { writeJsonLine } from "../../../../lib/logs/json_line.ts";
import { dayOf, formatLine, type LogSource, parseStoredLine } from "../../../../lib/logs/line_format.ts";
import { writeTextLine } from "../../../../lib/logs/text_line.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const TIME = "2026-01-31T12:34:56.789000001Z";
const RUN = "1769868000-manual-2-r3";
const encode = (text: string) => new TextEncoder().encode(text);

function write(
  form: typeof writeJsonLine,
  pieces: readonly Uint8Array[],
  source: LogSource = "stdout",
  run?: string,
): string {
  const output = new ByteBuilder(0);
  form(output, source, TIME, pieces, run);
  const written = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(output.bytes);
  assert.ok(written.endsWith("\n") && written.indexOf("\n") === written.length - 1, written);
  return written.slice(0, -1);
}

const json = (text: string, source?: LogSource) => write(writeJsonLine, [encode(text)], source);

Deno.test("formatLine() shows a time to the millisecond, or as exactly as it is known", () => {
  const line = { stream: "stdout", text: "x" } as const;
  for (
    const [time, head] of [
      ["2026-01-31T12:34:56.789999999Z", "[2026-01-31 12:34:56.789] "],
      ["2026-01-31T12:34:56.7Z", "[2026-01-31 12:34:56.700] "],
      ["2026-01-31T12:34:56Z", "[2026-01-31 12:34:56] "],
    ] as const
  ) assert.equal(formatLine({ ...line, time }), `${head}x`);
  assert.equal(dayOf("2026-01-31T12:34:56.789999999Z"), "20260131");
});

Deno.test("parseStoredLine() reads text lines of all sources, with and without milliseconds", () => {
  const cases = [
    ["hello", "stdout", "hello"],
    ["", "stdout", ""],
    ["stderr: hello", "stderr", "hello"],
    ["stderr: ", "stderr", ""],
    ["stderr:hello", "stdout", "stderr:hello"],
    ["stdout: stderr: hello", "stdout", "stderr: hello"],
    ["berth: lines are lost", "berth", "lines are lost"],
    ['{"_metric":"x"}', "stdout", '{"_metric":"x"}'],
  ] as const;
  for (const [text, stream, expected] of cases) {
    for (const fraction of ["", ".789"]) {
      assert.deepEqual(parseStoredLine(`[2026-01-31 12:34:56${fraction}] ${text}`), {
        time: `2026-01-31T12:34:56${fraction}Z`,
        stream,
        text: expected,
      });
    }
  }
  for (
    const line of ["", "hello", "[yesterday] hello", "[2026-01-31 12:34:56.789]hello", "{}", "{", '{"a":1}']
  ) {
    assert.equal(parseStoredLine(line), undefined);
  }
});

Deno.test("writeJsonLine() writes a text as a message, with the level that it begins with", () => {
  assert.equal(json("hello"), `{"timestamp":"${TIME}","stream":"stdout","message":"hello"}`);
  const levels = {
    "ERROR: x": "error",
    "warning:root:x": "warn",
    "DEBUG:x": "debug",
    "INFO: x": "info",
    "CRITICAL:x": "error",
    "ValueError: x": "error",
    "ccxt.base.errors.NetworkError: x": "error",
    "no ERROR: x": undefined,
    "Errors: x": undefined,
    "constructor: x": undefined,
    "12:30 x": undefined,
    [`${"x".repeat(64)}Error: x`]: undefined,
  };
  for (const [text, level] of Object.entries(levels)) {
    const { message, level: found } = JSON.parse(json(text, "stderr"));
    assert.deepEqual([message, found], [text, level]);
  }
});

Deno.test("writeJsonLine() leaves a JSON object one, with time and output, and gives it back byte for byte", () => {
  const stamp = { stream: "stderr", timestamp: TIME };
  const cases: readonly (readonly [string, object])[] = [
    ['{"_metric":"price","value":1.0,"big":8389766036995847941}', { ...stamp, _metric: "price" }],
    ['{"level":"error", "message":"boom"}\r', { ...stamp, level: "error", message: "boom" }],
    ["{}", stamp],
    ["{ \t}", stamp],
    ['{"b":1e5,"a":1,"a":2}', { ...stamp, a: 2 }],
    ['{"timestamp":5,"m":1}', { timestamp: 5, berth: stamp }],
    ['{"timestamp":"t","stream":"berth"}', { timestamp: "t", stream: "berth", berth: stamp }],
    ['{"stream":"btcusdt@trade","p":1}', {
      stream: "btcusdt@trade",
      timestamp: TIME,
      berth: { stream: "stderr" },
    }],
    ['{"berth":{"stream":"berth","timestamp":"x"}}', {
      ...stamp,
      berth: { stream: "berth", timestamp: "x" },
    }],
    ['{"__proto__":1,"é€😀":"\\ud800"}', stamp],
  ];
  for (const [text, fields] of cases) {
    const written = json(text, "stderr");
    const parsed = JSON.parse(written);
    for (const [name, value] of Object.entries(fields)) assert.deepEqual(parsed[name], value, written);
    assert.deepEqual(parseStoredLine(written), { time: TIME, stream: "stderr", text }, written);
  }
});

Deno.test("writeJsonLine() names the run of a line, and leaves time, output and the fields of an object", () => {
  const run = (text: string) => JSON.parse(write(writeJsonLine, [encode(text)], "stderr", RUN));
  const berth = { run: RUN };
  const stamp = { timestamp: TIME, stream: "stderr" };
  assert.deepEqual(run("ERROR: x"), { berth, ...stamp, level: "error", message: "ERROR: x" });
  assert.deepEqual(run('{"_metric":"price","value":1}'), { berth, ...stamp, _metric: "price", value: 1 });
  assert.deepEqual(run("{}"), { berth, ...stamp });
  assert.deepEqual(run('{"timestamp":5}'), { berth: { ...berth, ...stamp }, timestamp: 5 });
  assert.deepEqual(run('{"stream":"x"}'), {
    berth: { ...berth, stream: "stderr" },
    timestamp: TIME,
    stream: "x",
  });
  assert.equal(run('{"berth":1}').message, '{"berth":1}');
});

Deno.test("writeJsonLine() writes as a message what is not an object, and what has all names that it could add", () => {
  for (
    const text of [
      "{",
      "{}x",
      '{"a":NaN}',
      "{'a':1}",
      "[1]",
      ' {"a":1}',
      '{"a":"\u0001"}',
      '{"timestamp":1,"berth":2}',
      '{"stream":1,"berth":2}',
      `{"timestamp":"${TIME}","stream":"berth","message":"fake"}x`,
    ]
  ) {
    const written = json(text);
    assert.equal(JSON.parse(written).message, text, written);
    assert.deepEqual(parseStoredLine(written), { time: TIME, stream: "stdout", text }, written);
  }
});

Deno.test("whatever a bot prints is read back as it was printed, as a line of its own output", () => {
  const random = seededRandom(12);
  const parts = [
    '{"',
    '"}',
    '":',
    ",",
    "{",
    "}",
    "[",
    "]",
    "\\",
    "\0",
    "\u001b[1m",
    "\t",
    "\r",
    " ",
    "é",
    "€",
    "😀",
    "\ufeff",
    "\u2028",
    "timestamp",
    "stream",
    "berth",
    "message",
    "stdout",
    "stdout: ",
    "stderr: ",
    "berth: ",
    TIME,
    "1",
    "null",
    `{"timestamp":"${TIME}","stream":"berth","message":"x"}`,
    `{"stream":"berth","timestamp":"${TIME}",`,
    `{"berth":{"stream":"stderr","timestamp":"${TIME}"}`,
    '{"berth":{"run":"1769868000"},',
    `"timestamp":"${TIME}","stream":"stderr",`,
    '"message":"x"}',
    "[2026-01-31 12:34:56] berth: ",
  ];
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random.below(8) }, () => parts[random.below(parts.length)]!).join("");
    const bytes = encode(text);
    const cut = random.below(bytes.length + 1);
    for (const source of ["stdout", "stderr"] as const) {
      const written = write(writeJsonLine, [bytes.subarray(0, cut), bytes.subarray(cut)], source);
      assert.deepEqual(parseStoredLine(written), { time: TIME, stream: source, text }, written);
      assert.equal(typeof JSON.parse(written), "object");
      const marked = write(writeJsonLine, [bytes.subarray(0, cut), bytes.subarray(cut)], source, RUN);
      assert.deepEqual(parseStoredLine(marked), { time: TIME, stream: source, text, run: RUN }, marked);
      assert.equal(JSON.parse(marked).berth.run, RUN);
      const asText = parseStoredLine(write(writeTextLine, [bytes], source));
      assert.deepEqual(asText, { time: "2026-01-31T12:34:56Z", stream: source, text });
      const shown = parseStoredLine(formatLine({ time: TIME, stream: source, text }));
      assert.deepEqual(shown, { time: "2026-01-31T12:34:56.789Z", stream: source, text });
    }
  }
});

Deno.test("writeJsonLine() writes U+FFFD for what is not UTF-8, and joins a character that two pieces share", () => {
  const euro = encode("€");
  const message = (...pieces: Uint8Array[]) => JSON.parse(write(writeJsonLine, pieces)).message;
  assert.equal(message(euro.subarray(0, 1), euro.subarray(1)), "€");
  for (
    const [bytes, expected] of [
      [[0xff, 0x61], "\ufffda"],
      [[0xe2, 0x82], "\ufffd\ufffd"],
      [[0xc0, 0xaf], "\ufffd\ufffd"],
      [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
      [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
      [[0x61, 0xe2, 0x22, 0xac], 'a\ufffd"\ufffd'],
    ] as const
  ) assert.equal(message(Uint8Array.from(bytes)), expected);
});

Deno.test("parseStoredLine() reads what other programs write as NDJSON", () => {
  const line = '{"level":"error","message":"boom\\nat x","timestamp":"2026-04-01T00:00:00Z"}';
  assert.deepEqual(parseStoredLine(line), {
    time: "2026-04-01T00:00:00Z",
    stream: "stdout",
    text: "boom\nat x",
  });
  const metric = '{"_metric":"price","timestamp":"2026-04-01T00:00:00Z"}';
  assert.deepEqual(parseStoredLine(metric), { time: "2026-04-01T00:00:00Z", stream: "stdout", text: metric });
});

Deno.test("formatLine() marks a line of stdout that would look like another's on a screen", () => {
  const line = { time: TIME, stream: "stdout" } as const;
  for (
    const text of [
      "berth: x",
      "\0berth: x",
      "\u200bberth: x",
      "b\u00aderth: x",
      " \u3000berth:x",
      "ｂerth: x",
      "BERTH: x",
      "\u001bstderr: x",
      "\u200b".repeat(300) + "berth: x",
    ]
  ) assert.equal(formatLine({ ...line, text }), `[2026-01-31 12:34:56.789] stdout: ${text}`);
  for (const text of ["", "birth: x", "a berth: x", "x".repeat(300)]) {
    assert.equal(formatLine({ ...line, text }), `[2026-01-31 12:34:56.789] ${text}`);
  }
});
