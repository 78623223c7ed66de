import assert from "node:assert/strict";
import { LineAssembler, type LogSegment } from "../../../../lib/logs/line_assembler.ts";
import { parseStoredLine } from "../../../../lib/logs/line_format.ts";
import { entry, timeAt } from "../../../support/builders/log_entries.ts";

const linesOf = (segment: LogSegment) =>
  textOf(segment).split("\n").slice(0, -1).map((line) => parseStoredLine(line)!)
    .map(({ stream, text }) => (stream === "stdout" ? `${text}\n` : `${stream}: ${text}\n`)).join("");
const textOf = ({ bytes }: LogSegment) => new TextDecoder().decode(bytes);

Deno.test("LineAssembler writes lines in the form of text", () => {
  const assembler = new LineAssembler({ format: "text" });
  assembler.push(entry(timeAt(1_002_000_003), "hello\n"));
  assembler.push(entry(timeAt(1_002_000_004), "\n"));
  assembler.push(entry(timeAt(1_002_000_005), "oh\n", "stderr"));
  assembler.push(entry(timeAt(1_003_000_000), "\u001b[1mé\0\r\n"));
  const [segment, ...more] = assembler.take({ closeLines: false });
  assert.equal(more.length, 0);
  assert.equal(
    textOf(segment!),
    "[2026-01-31 00:00:01] hello\n[2026-01-31 00:00:01] \n" +
      "[2026-01-31 00:00:01] stderr: oh\n[2026-01-31 00:00:01] \u001b[1mé\0\r\n",
  );
  const { day, entries, offset } = segment!;
  const { stream, time, ordinal } = offset;
  assert.deepEqual([day, entries, stream, time, ordinal], [
    "20260131",
    4,
    "stdout",
    timeAt(1_003_000_000),
    1,
  ]);
});

Deno.test("LineAssembler writes lines as NDJSON, and says how much text they hold", () => {
  const assembler = new LineAssembler();
  assembler.push(entry(timeAt(1_002_000_003), "hello\n"));
  assembler.push(entry(timeAt(1_002_000_004), '{"_metric"'));
  assembler.push(entry(timeAt(1_002_000_004), ':"x"}\n'));
  const [segment] = assembler.take({ closeLines: false });
  assert.equal(
    textOf(segment!),
    `{"timestamp":"${timeAt(1_002_000_003)}","stream":"stdout","message":"hello"}\n` +
      `{"stream":"stdout","timestamp":"${timeAt(1_002_000_004)}","_metric":"x"}\n`,
  );
  assert.equal(segment!.textBytes, 20);
});

Deno.test("LineAssembler joins the pieces of a line, and keeps the other output's lines until it is whole", () => {
  const assembler = new LineAssembler();
  assembler.push(entry(timeAt(1), "before\n"));
  assembler.push(entry(timeAt(2), "one "));
  assembler.push(entry(timeAt(3), "error\n", "stderr"));
  assembler.push(entry(timeAt(2), "two "));
  assembler.push(entry(timeAt(2), "three\n"));
  const [segment] = assembler.take({ closeLines: false });
  assert.equal(
    linesOf(segment!),
    "before\nstderr: error\none two three\n",
  );
  assert.deepEqual([segment!.entries, segment!.offset.ordinal, segment!.offset.time], [5, 3, timeAt(2)]);
});

Deno.test("LineAssembler drops a line without an end and what came after, or gives it as it is", () => {
  const push = (assembler: LineAssembler) => {
    assembler.push(entry(timeAt(1), "before\n"));
    assembler.push(entry(timeAt(2), "open"));
    assembler.push(entry(timeAt(3), '{"_metric":"x"}\n', "stderr"));
    assembler.push(entry(timeAt(86_400e9 - 1, "2026-02-01"), "error of another day\n", "stderr"));
  };
  const dropping = new LineAssembler();
  push(dropping);
  const dropped = dropping.take({ closeLines: false });
  assert.deepEqual(dropped.map((one) => [one.entries, one.offset.time, linesOf(one)]), [
    [1, timeAt(1), "before\n"],
  ]);
  const closing = new LineAssembler();
  push(closing);
  const closed = closing.take({ closeLines: true });
  assert.deepEqual(closed.map(({ day }) => day), ["20260131"]);
  assert.match(linesOf(closed[0]!), /open\n$/);
  assert.equal(closed.reduce((sum, { entries }) => sum + entries, 0), 4);
  assert.equal(closed.at(-1)!.offset.time, timeAt(86_400e9 - 1, "2026-02-01"));
});

Deno.test("LineAssembler gives nothing of a log that is one open line", () => {
  const assembler = new LineAssembler();
  assembler.push(entry(timeAt(2), "open"));
  assert.deepEqual(assembler.take({ closeLines: false }), []);
  assembler.push(entry(timeAt(2), "open"));
  const [segment] = assembler.take({ closeLines: true });
  assert.deepEqual([segment?.entries, segment?.offset.ordinal], [1, 2]);
});

Deno.test("LineAssembler cuts a line that is too long, and adds no empty line for its end", () => {
  const assembler = new LineAssembler({ maxLineBytes: 10 });
  for (const piece of ["12345", "67890", "abcde", "\n", "next\n", "12345", "67890", "\n", "\n"]) {
    assembler.push(entry(timeAt(1), piece));
  }
  const [segment] = assembler.take({ closeLines: false });
  assert.equal(
    linesOf(segment!),
    "1234567890\nabcde\nnext\n1234567890\n\n",
  );
});

Deno.test("LineAssembler holds a bounded part of a line without an end, and counts what it holds", () => {
  const assembler = new LineAssembler({ maxLineBytes: 50_000 });
  const piece = "x".repeat(16_384);
  for (let i = 0; i < 100; i++) {
    const before = assembler.bytes;
    assembler.push(entry(timeAt(1), piece));
    assert.ok(assembler.bytes > before);
  }
  assert.ok(Math.abs(assembler.bytes - 1_638_400) < 4000, String(assembler.bytes));
  const [segment] = assembler.take({ closeLines: true });
  assert.equal(textOf(segment!).split("\n").length - 1, 25);
  assert.equal(assembler.bytes, 0);
});

Deno.test("LineAssembler cuts lines by their UTC day", () => {
  const assembler = new LineAssembler();
  assembler.push(entry(timeAt(86_399e9), "old\n"));
  assembler.push(entry(timeAt(0, "2026-02-01"), "new\n"));
  assembler.push(entry(timeAt(86_399e9 + 5), "late\n", "stderr"));
  const segments = assembler.take({ closeLines: false });
  assert.deepEqual(segments.map(({ day, entries }) => [day, entries]), [
    ["20260131", 1],
    ["20260201", 1],
    ["20260131", 1],
  ]);
});

Deno.test("LineAssembler finds lines that may be metrics", () => {
  const assembler = new LineAssembler();
  for (const text of ['{"_metric":"price","v":1}', '{"other":1}', ' {"_metric":"x"}', '{"a":"_metric"}']) {
    assembler.push(entry(timeAt(7), `${text}\n`));
  }
  assembler.push(entry(timeAt(7), '{"_metric":"no"}\n', "stderr"));
  const [segment] = assembler.take({ closeLines: false });
  assert.deepEqual(segment!.candidates, [
    { time: timeAt(7), text: '{"_metric":"price","v":1}' },
    { time: timeAt(7), text: '{"a":"_metric"}' },
  ]);
});
