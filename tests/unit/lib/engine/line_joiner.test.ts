import assert from "node:assert/strict";
import type { LogEntry, LogLine } from "../../../../lib/engine/container_orchestrator.ts";
import { decodePieces, LineJoiner, type LineJoinerOptions } from "../../../../lib/engine/line_joiner.ts";

const T1 = "2026-01-02T03:04:05.000000001Z";
const T2 = "2026-01-02T03:04:05.000000002Z";
const encoder = new TextEncoder();

/** A joiner whose methods return the lines that they give. */
function open(options: LineJoinerOptions = {}) {
  const lines: LogLine[] = [];
  const joiner = new LineJoiner(
    (stream, time, pieces) => lines.push({ time, stream, text: decodePieces(pieces) }),
    options,
  );
  return {
    joiner,
    push: (time: string, content: string | Uint8Array, stream: LogEntry["stream"] = "stdout") => {
      joiner.push({ time, stream, content: typeof content === "string" ? encoder.encode(content) : content });
      return lines.splice(0);
    },
    closeLines: () => {
      joiner.closeLines();
      return lines.splice(0);
    },
  };
}

Deno.test("LineJoiner gives a line its time, its stream and its exact text", () => {
  const joiner = open();
  assert.deepEqual(joiner.push(T1, " two  spaces \r\n", "stderr"), [
    { time: T1, stream: "stderr", text: " two  spaces \r" },
  ]);
  assert.deepEqual(joiner.push(T2, "\n"), [{ time: T2, stream: "stdout", text: "" }]);
  assert.deepEqual(joiner.push(T2, "\ufeffmark\n")[0]?.text, "\ufeffmark");
  assert.deepEqual(joiner.closeLines(), []);
});

Deno.test("LineJoiner joins the pieces of a long line and keeps the time of the first", () => {
  const joiner = open();
  assert.deepEqual(joiner.push(T1, "a".repeat(16384)), []);
  assert.deepEqual(joiner.push(T2, "b".repeat(16384)), []);
  assert.deepEqual(joiner.push(T2, "c\n"), [
    { time: T1, stream: "stdout", text: "a".repeat(16384) + "b".repeat(16384) + "c" },
  ]);
});

Deno.test("LineJoiner joins each stream by itself", () => {
  const joiner = open();
  joiner.push(T1, "out-");
  joiner.push(T2, "err-", "stderr");
  assert.deepEqual(joiner.push(T2, "put\n")[0]?.text, "out-put");
  assert.deepEqual(joiner.push(T2, "or\n", "stderr"), [
    { time: T2, stream: "stderr", text: "err-or" },
  ]);
});

Deno.test("LineJoiner joins a character that is cut by the end of a piece", () => {
  const bytes = encoder.encode("x𝄞y");
  for (let cut = 1; cut < bytes.length; cut++) {
    const joiner = open();
    joiner.push(T1, bytes.subarray(0, cut));
    joiner.push(T1, bytes.subarray(cut));
    assert.equal(joiner.push(T1, "\n")[0]?.text, "x𝄞y", `cut at ${cut}`);
  }
});

Deno.test("LineJoiner replaces invalid UTF-8 by U+FFFD", () => {
  const joiner = open();
  assert.equal(joiner.push(T1, Uint8Array.of(0x61, 0xff, 0x62, 0x0a))[0]?.text, "a\ufffdb");
});

Deno.test("LineJoiner.closeLines() gives the last lines that have no line feed, once", () => {
  const joiner = open();
  joiner.push(T1, "last");
  joiner.push(T2, "words", "stderr");
  assert.deepEqual(joiner.closeLines().map((line) => line.text), ["last", "words"]);
  assert.deepEqual(joiner.closeLines(), []);
});

Deno.test("LineJoiner cuts a line at its limit between two entries, losing nothing", () => {
  const joiner = open({ maxLineBytes: 10 });
  const lines = ["12345", "67890", "abcde", "\n", "\n", "12345", "67890", "\n", "\n"]
    .flatMap((piece) => joiner.push(T1, piece));
  assert.deepEqual(lines.map(({ text }) => text), ["1234567890", "abcde", "", "1234567890", ""]);
  assert.equal(joiner.push(T1, "0123456789\n").length, 1, "a line of exactly the limit is one line");
});

Deno.test("LineJoiner says what is open, and drops it", () => {
  const { joiner, push, closeLines } = open();
  push(T2, "out");
  push(T1, "err", "stderr");
  assert.deepEqual([joiner.hasOpenLine, joiner.openBytes, joiner.openSince], [true, 6, T1]);
  const ms = Date.parse(T1);
  assert.deepEqual([joiner.isOverdue(ms + 9_999), joiner.isOverdue(ms + 10_001)], [false, true]);
  joiner.dropLines();
  assert.deepEqual([joiner.hasOpenLine, joiner.openBytes, joiner.openSince], [false, 0, undefined]);
  assert.deepEqual(closeLines(), []);
});
