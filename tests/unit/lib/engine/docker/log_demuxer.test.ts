import assert from "node:assert/strict";
import { LogDemuxer, LogFormatError, type LogFrame } from "../../../../../lib/engine/docker/log_demuxer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function frame(stream: number, payload: string | Uint8Array): Uint8Array {
  const body = typeof payload === "string" ? encoder.encode(payload) : payload;
  const bytes = new Uint8Array(8 + body.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, body.length);
  bytes.set(body, 8);
  return bytes;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function texts(frames: LogFrame[]): string[] {
  return frames.map((each) => `${each.stream}:${decoder.decode(each.payload)}`);
}

const SAMPLE = concat(frame(1, "hello\n"), frame(2, "é→𝄞\n"), frame(1, ""), frame(0, "in"), frame(2, "x"));
const EXPECTED = ["stdout:hello\n", "stderr:é→𝄞\n", "stdout:in", "stderr:x"];

Deno.test("LogDemuxer splits a chunk of many frames and leaves empty ones out", () => {
  const demuxer = new LogDemuxer();
  assert.deepEqual(texts(demuxer.push(SAMPLE)), EXPECTED);
  demuxer.end();
});

Deno.test("LogDemuxer gives the same frames wherever the bytes are cut in two", () => {
  for (let cut = 0; cut <= SAMPLE.length; cut++) {
    const demuxer = new LogDemuxer();
    const frames = [...demuxer.push(SAMPLE.subarray(0, cut)), ...demuxer.push(SAMPLE.subarray(cut))];
    assert.deepEqual(texts(frames), EXPECTED, `cut at ${cut}`);
    demuxer.end();
  }
});

Deno.test("LogDemuxer gives the same frames byte by byte", () => {
  const demuxer = new LogDemuxer();
  const frames = Array.from(SAMPLE, (byte) => demuxer.push(Uint8Array.of(byte))).flat();
  assert.deepEqual(texts(frames), EXPECTED);
  demuxer.end();
});

Deno.test("LogDemuxer takes 100,000 one-byte frames in one chunk", () => {
  const one = frame(2, "z");
  const chunk = new Uint8Array(one.length * 100_000);
  for (let i = 0; i < 100_000; i++) chunk.set(one, i * one.length);
  assert.equal(new LogDemuxer().push(chunk).length, 100_000);
});

Deno.test("LogDemuxer takes chunks whose memory is used again by the caller", () => {
  const demuxer = new LogDemuxer();
  const chunk = frame(1, "kept").slice(0, 10);
  demuxer.push(chunk);
  chunk.fill(0);
  assert.deepEqual(texts(demuxer.push(encoder.encode("pt"))), ["stdout:kept"]);
});

Deno.test("LogDemuxer rejects a header that names no stream, and says where", () => {
  const demuxer = new LogDemuxer();
  demuxer.push(frame(1, "ab"));
  assert.throws(() => demuxer.push(encoder.encode("plain text of a terminal")), (error: Error) => {
    assert.ok(error instanceof LogFormatError);
    assert.match(error.message, /broken frame header at byte 10: 70 6c 61 69 6e 20 74 65/);
    return true;
  });
});

Deno.test("LogDemuxer rejects non-zero padding", () => {
  assert.throws(() => new LogDemuxer().push(Uint8Array.of(1, 0, 7, 0, 0, 0, 0, 1, 65)), LogFormatError);
});

Deno.test("LogDemuxer rejects a frame longer than its limit before keeping any of it", () => {
  const header = frame(1, "").slice();
  new DataView(header.buffer).setUint32(4, 0xffffffff);
  assert.throws(() => new LogDemuxer().push(header), LogFormatError);
  const demuxer = new LogDemuxer({ maxFrameBytes: 3 });
  assert.equal(demuxer.push(frame(1, "abc")).length, 1);
  assert.throws(() => demuxer.push(frame(1, "abcd")), LogFormatError);
});

Deno.test("LogDemuxer.end() rejects a stream that breaks off inside a header or a payload", () => {
  for (const cut of [1, 7, 8, 9]) {
    const demuxer = new LogDemuxer();
    assert.deepEqual(demuxer.push(frame(1, "ab").subarray(0, cut)), []);
    assert.throws(() => demuxer.end(), /ended inside a frame/, `cut at ${cut}`);
  }
});
