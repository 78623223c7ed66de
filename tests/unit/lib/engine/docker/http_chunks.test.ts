import assert from "node:assert/strict";
import { HttpChunks, HttpFormatError } from "../../../../../lib/engine/docker/http_chunks.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function readAll(pieces: readonly string[]) {
  const answer = new HttpChunks();
  const content = pieces.map((piece) => new TextDecoder().decode(answer.push(encode(piece)))).join("");
  return { content, status: answer.status, isComplete: answer.isComplete };
}

Deno.test("HttpChunks gives the content of a body, wherever the bytes are cut", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n" +
    "5\r\nhello\r\nB;ext=1\r\n, 0\r\nworld\n\r\n0\r\nTrailer: x\r\n\r\n";
  const plain = "HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nsorry";
  for (
    const [text, content, status] of [[chunked, "hello, 0\r\nworld\n", 200], [plain, "sorry", 404]] as const
  ) {
    const expected = { content, status, isComplete: true };
    assert.deepEqual(readAll([text]), expected);
    assert.deepEqual(readAll([...text]), expected);
    for (let at = 0; at <= text.length; at++) {
      assert.deepEqual(readAll([text.slice(0, at), text.slice(at)]), expected, `cut at ${at}`);
      if (at < text.length) assert.equal(readAll([text.slice(0, at)]).isComplete, false);
    }
  }
});

Deno.test("HttpChunks gives a raw stream of the engine as it comes", () => {
  for (const type of ["application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"]) {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`;
    const answer = new HttpChunks();
    const pieces = [head.slice(0, 30), `${head.slice(30)}a\r\n`, "0\r\n\r\n", "b"].map((piece) =>
      new TextDecoder().decode(answer.push(encode(piece)))
    );
    assert.deepEqual(pieces, ["", "a\r\n", "0\r\n\r\n", "b"]);
    assert.deepEqual([answer.isRaw, answer.isComplete], [true, false]);
  }
});

Deno.test("HttpChunks refuses what is no answer", () => {
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (
    const text of [
      "SSH-2.0-OpenSSH\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      `${head}x\r\n`,
      `${head}-5\r\n`,
      `${head}2\r\nabc\r\n`,
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`,
    ]
  ) assert.throws(() => readAll([text]), HttpFormatError, text.slice(0, 80));
});
