import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";
import { readTar } from "../../../../lib/util/read_tar.ts";
import { until } from "../../../support/until.ts";

/** An archive of files, in chunks that end in the middle of them. */
async function* archive(sizes: Readonly<Record<string, number>>): AsyncGenerator<Uint8Array> {
  const pack = tar.pack();
  for (const [name, size] of Object.entries(sizes)) pack.entry({ name }, "x".repeat(size));
  pack.finalize();
  const bytes = await buffer(pack);
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

const SIZES = { a: 200_000, empty: 0, b: 100_000, c: 5 };

Deno.test("readTar() passes every entry on, whether its content is read, read in part or not at all", async () => {
  for (const parts of [0, 1, Infinity]) {
    const read: Record<string, number> = {};
    await readTar(archive(SIZES), async ({ name }, content) => {
      read[name] = 0;
      let left = parts;
      if (left === 0) return;
      for await (const chunk of content) {
        read[name] += chunk.length;
        if (--left === 0) break;
      }
    });
    assert.deepEqual(Object.keys(read), Object.keys(SIZES), `${parts} chunks of each`);
    if (parts === Infinity) assert.deepEqual(read, SIZES);
  }
});

Deno.test("readTar() rejects with the error of its taker, thrown in the middle of an entry, and closes the source", async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* archive(SIZES);
    } finally {
      isClosed = true;
    }
  }
  const reading = readTar(source(), async (_header, content) => {
    for await (const _ of content) throw new Error("the disk is full");
  });
  await assert.rejects(reading, /the disk is full/);
  await until("a closed source", () => isClosed);
});

Deno.test("readTar() reads nothing after an entry with which its taker stops, and closes the source", async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* archive(SIZES);
    } finally {
      isClosed = true;
    }
  }
  const read: string[] = [];
  await readTar(source(), ({ name }) => {
    read.push(name);
    return Promise.resolve("stop");
  });
  assert.deepEqual(read, ["a"]);
  await until("a closed source", () => isClosed);
});
