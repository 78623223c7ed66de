import assert from "node:assert/strict";
import { LogFormatError, type LogFrame } from "../../../../../lib/engine/docker/log_demuxer.ts";
import { LogLineJoiner } from "../../../../../lib/engine/docker/log_lines.ts";

const T1 = "2026-01-02T03:04:05.000000001Z";
const T2 = "2026-01-02T03:04:05.000000002Z";
const encoder = new TextEncoder();

function frame(time: string, content: string | Uint8Array, stream: LogFrame["stream"] = "stdout"): LogFrame {
  const body = typeof content === "string" ? encoder.encode(content) : content;
  const head = encoder.encode(`${time} `);
  const payload = new Uint8Array(head.length + body.length);
  payload.set(head);
  payload.set(body, head.length);
  return { stream, payload };
}

Deno.test("LogLineJoiner gives a line its time, its stream and its exact text", () => {
  const joiner = new LogLineJoiner();
  assert.deepEqual(joiner.push(frame(T1, " two  spaces \r\n", "stderr")), [
    { time: T1, stream: "stderr", text: " two  spaces \r" },
  ]);
  assert.deepEqual(joiner.push(frame(T2, "\n")), [{ time: T2, stream: "stdout", text: "" }]);
  assert.deepEqual(joiner.push(frame(T2, "\ufeffmark\n"))[0]?.text, "\ufeffmark");
  assert.deepEqual(joiner.end(), []);
});

Deno.test("LogLineJoiner joins the pieces of a long line and keeps the time of the first", () => {
  const joiner = new LogLineJoiner();
  assert.deepEqual(joiner.push(frame(T1, "a".repeat(16384))), []);
  assert.deepEqual(joiner.push(frame(T2, "b".repeat(16384))), []);
  assert.deepEqual(joiner.push(frame(T2, "c\n")), [
    { time: T1, stream: "stdout", text: "a".repeat(16384) + "b".repeat(16384) + "c" },
  ]);
});

Deno.test("LogLineJoiner joins each stream by itself", () => {
  const joiner = new LogLineJoiner();
  joiner.push(frame(T1, "out-"));
  joiner.push(frame(T2, "err-", "stderr"));
  assert.deepEqual(joiner.push(frame(T2, "put\n"))[0]?.text, "out-put");
  assert.deepEqual(joiner.push(frame(T2, "or\n", "stderr")), [
    { time: T2, stream: "stderr", text: "err-or" },
  ]);
});

Deno.test("LogLineJoiner joins a character that is cut by the end of a piece", () => {
  const bytes = encoder.encode("x𝄞y");
  for (let cut = 1; cut < bytes.length; cut++) {
    const joiner = new LogLineJoiner();
    joiner.push(frame(T1, bytes.subarray(0, cut)));
    joiner.push(frame(T1, bytes.subarray(cut)));
    assert.equal(joiner.push(frame(T1, "\n"))[0]?.text, "x𝄞y", `cut at ${cut}`);
  }
});

Deno.test("LogLineJoiner replaces invalid UTF-8 by U+FFFD", () => {
  const joiner = new LogLineJoiner();
  assert.equal(joiner.push(frame(T1, Uint8Array.of(0x61, 0xff, 0x62, 0x0a)))[0]?.text, "a\ufffdb");
});

Deno.test("LogLineJoiner gives each line of a frame that has several", () => {
  const joiner = new LogLineJoiner();
  assert.deepEqual(joiner.push(frame(T1, "a\n\nb\nc")).map((line) => line.text), ["a", "", "b"]);
  assert.deepEqual(joiner.end(), [{ time: T1, stream: "stdout", text: "c" }]);
});

Deno.test("LogLineJoiner.end() gives the last lines that have no line feed, once", () => {
  const joiner = new LogLineJoiner();
  joiner.push(frame(T1, "last"));
  joiner.push(frame(T2, "words", "stderr"));
  assert.deepEqual(joiner.end().map((line) => line.text), ["last", "words"]);
  assert.deepEqual(joiner.end(), []);
});

Deno.test("LogLineJoiner delivers a line beyond its limit in pieces, losing nothing", () => {
  const joiner = new LogLineJoiner({ maxLineBytes: 10 });
  const text = "0123456789".repeat(3) + "x";
  const lines = [
    ...joiner.push(frame(T1, text.slice(0, 7))),
    ...joiner.push(frame(T2, text.slice(7) + "\n")),
  ];
  assert.deepEqual(lines.map((line) => line.text), ["0123456789", "0123456789", "0123456789", "x"]);
  assert.deepEqual(lines.map((line) => line.time), [T1, T2, T2, T2]);
  assert.deepEqual(
    joiner.push(frame(T1, "0123456789\n")).length,
    1,
    "a line of exactly the limit is one line",
  );
});

Deno.test("LogLineJoiner tears no character apart at its limit, wherever frames are cut", () => {
  const text = "123456789𝄞".repeat(4);
  const bytes = encoder.encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const joiner = new LogLineJoiner({ maxLineBytes: 10 });
    const lines = [
      ...joiner.push(frame(T1, bytes.subarray(0, cut))),
      ...joiner.push(frame(T1, bytes.subarray(cut))),
      ...joiner.end(),
    ];
    assert.equal(lines.map((line) => line.text).join(""), text, `cut at ${cut}`);
    assert.ok(lines.every((line) => encoder.encode(line.text).length <= 13), `cut at ${cut}`);
  }
});

Deno.test("LogLineJoiner rejects a frame without a time", () => {
  assert.throws(
    () => new LogLineJoiner().push({ stream: "stdout", payload: encoder.encode("hello there\n") }),
    LogFormatError,
  );
  assert.throws(
    () => new LogLineJoiner().push({ stream: "stdout", payload: encoder.encode("2026\n") }),
    LogFormatError,
  );
});
