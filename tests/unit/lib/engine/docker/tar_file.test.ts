import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
// @ts-types="@types/tar-stream"
import tar, { type Headers } from "tar-stream";
import { readTarFile, type TarFile } from "../../../../../lib/engine/docker/tar_file.ts";

type Entry = Headers & { readonly pax?: Record<string, string> };

async function pack(...entries: [Entry, string][]): Promise<Uint8Array> {
  const stream = tar.pack();
  for (const [header, content] of entries) stream.entry(header, content);
  stream.finalize();
  return new Uint8Array(await buffer(stream));
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.slice(at, at + size));
}

function read(bytes: Uint8Array, maxBytes = 1_000_000, chunk = 1000): Promise<TarFile> {
  return readTarFile(chunked(bytes, chunk), { maxBytes });
}

function textOf(file: TarFile): string {
  assert.equal(file.kind, "file");
  return new TextDecoder().decode((file as { bytes: Uint8Array }).bytes);
}

Deno.test("readTarFile() reads a file, however the stream is cut", async () => {
  const content = "result ✓ ".repeat(200);
  const bytes = await pack([{ name: "result.json" }, content]);
  for (const chunk of [1, 511, 512, 513, 100_000]) {
    assert.equal(textOf(await read(bytes, 1_000_000, chunk)), content);
  }
});

Deno.test("readTarFile() reads an empty file", async () => {
  assert.equal(textOf(await read(await pack([{ name: "empty" }, ""]))), "");
});

Deno.test("readTarFile() reads a file whose name needs extended headers", async () => {
  assert.equal(textOf(await read(await pack([{ name: "é".repeat(300) }, "long name"]))), "long name");
});

Deno.test("readTarFile() reads the size from an extended header", async () => {
  const bytes = await pack([{ name: "é", pax: { size: "5" } }, "12345"]);
  assert.equal(textOf(await read(bytes)), "12345");
  assert.deepEqual(await read(bytes, 4), { kind: "too-large", size: 5 });
});

Deno.test("readTarFile() reads only the first entry", async () => {
  assert.equal(textOf(await read(await pack([{ name: "a" }, "first"], [{ name: "b" }, "second"]))), "first");
});

Deno.test("readTarFile() accepts a file of exactly the limit and refuses one byte more", async () => {
  const bytes = await pack([{ name: "a" }, "12345"]);
  assert.equal(textOf(await read(bytes, 5)), "12345");
  assert.deepEqual(await read(bytes, 4), { kind: "too-large", size: 5 });
});

Deno.test("readTarFile() refuses what is not a regular file", async () => {
  const types = ["symlink", "link", "directory", "fifo", "character-device", "block-device"] as const;
  for (const type of types) {
    const bytes = await pack([{ name: "x", type, linkname: "/etc/shadow" }, ""]);
    assert.deepEqual(await read(bytes), { kind: "not-a-file", type });
  }
});

Deno.test("readTarFile() stops reading a file that is too large", async () => {
  const header = (await pack([{ name: "a", size: 3 }, "123"])).slice(0, 512);
  const big = new Uint8Array(64 * 1024);
  let read = 0;
  const closed = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield header;
      while (true) {
        read += big.length;
        yield await Promise.resolve(big);
      }
    } finally {
      closed.resolve();
    }
  }
  assert.deepEqual(await readTarFile(source(), { maxBytes: 2 }), { kind: "too-large", size: 3 });
  await closed.promise;
  assert.ok(read < 10_000_000, `${read} bytes were read`);
});

Deno.test("readTarFile() says so when there is no entry", async () => {
  assert.deepEqual(await read(await pack()), { kind: "empty" });
  assert.deepEqual(await read(new Uint8Array()), { kind: "empty" });
});

Deno.test("readTarFile() rejects a stream that breaks off", async () => {
  const bytes = await pack([{ name: "a" }, "x".repeat(5000)]);
  for (const cut of [100, 512, 600, 5000]) {
    await assert.rejects(read(bytes.subarray(0, cut)), `cut at ${cut}`);
  }
});

Deno.test("readTarFile() rejects what is no tar", async () => {
  await assert.rejects(read(new TextEncoder().encode("no tar ".repeat(200))), /Invalid tar header/);
});

Deno.test("readTarFile() rejects endless extended headers instead of keeping them", async () => {
  const bytes = await pack([{ name: "a", pax: { comment: "x".repeat(3_000_000) } }, "content"]);
  await assert.rejects(read(bytes), /no file in its first MiB/);
});

Deno.test("readTarFile() rejects with the error of its source", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(0));
    throw new Error("the connection broke");
  }
  await assert.rejects(readTarFile(broken(), { maxBytes: 1 }), /the connection broke/);
});
