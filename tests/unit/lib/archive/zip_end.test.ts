import assert from "node:assert/strict";
import { findZipEnd, type ZipEnd } from "../../../../lib/archive/zip_end.ts";
import { buildZip, join, u16, u32, utf8 } from "../../../support/builders/zip_builder.ts";

const PARTS = [{ name: "a.py", content: utf8("x\n") }, { name: "b.py", content: utf8("y\n") }];

function find(archive: Uint8Array, tailLength = archive.length): ZipEnd {
  return findZipEnd(archive.subarray(-tailLength), archive.length, archive.subarray(0, 4));
}

Deno.test("findZipEnd() finds the directory, with and without a comment or ZIP64 records", () => {
  const directoryOffset = 2 * (30 + 4 + 2);
  const expected = { entries: 2, directoryOffset, directorySize: 2 * (46 + 4) };
  assert.deepEqual(find(buildZip(PARTS)), expected);
  assert.deepEqual(find(buildZip(PARTS, { comment: new Uint8Array(0xffff) })), expected);
  assert.deepEqual(find(buildZip(PARTS, { zip64: true })), expected);
  assert.deepEqual(find(buildZip(PARTS, { zip64: true }), 22 + 20 + 56), expected);
});

Deno.test("findZipEnd() is not misled by an archive stored as the last entry", () => {
  const inner = buildZip(PARTS);
  const outer = buildZip([{ name: "inner.zip", content: inner }]);
  assert.equal(find(outer).entries, 1);
});

Deno.test("findZipEnd() tells what is no ZIP from a ZIP that was cut off", () => {
  assert.throws(() => find(new Uint8Array()), { problem: "not-a-zip", message: /empty \(0 bytes\)/ });
  assert.throws(() => find(utf8("<html>")), { problem: "not-a-zip" });
  assert.throws(() => find(new Uint8Array(100)), { problem: "not-a-zip" });
  assert.throws(() => find(buildZip(PARTS).slice(0, -1)), { problem: "truncated" });
  assert.throws(() => find(buildZip(PARTS).slice(0, 5)), { problem: "truncated" });
  assert.throws(() => find(buildZip([]).slice(0, 10)), { problem: "truncated" });
});

Deno.test("findZipEnd() rejects bytes that belong to nothing", () => {
  assert.throws(() => find(buildZip(PARTS, { suffix: utf8("xyz") })), {
    problem: "corrupt",
    message: /3 bytes follow/,
  });
  const shifted = buildZip(PARTS, { prefix: utf8("#!/bin/sh\n"), directoryOffset: 72 });
  assert.throws(() => find(shifted), { problem: "corrupt", message: /10 bytes in it belong to nothing/ });
  assert.throws(() => find(buildZip(PARTS, { directoryOffset: 5000 })), { problem: "corrupt" });
});

Deno.test("findZipEnd() rejects a second end record in the comment", () => {
  for (
    const comment of [buildZip(PARTS), join(utf8("see "), u32(0x06054b50), utf8(" there")), u32(0x06054b50)]
  ) {
    assert.throws(() => find(buildZip(PARTS, { comment })), {
      problem: "corrupt",
      message: /second end record/,
    });
  }
});

Deno.test("findZipEnd() rejects end records that contradict each other", () => {
  const archive = buildZip(PARTS, { zip64: true });
  const end = archive.length - 22;
  const changes: [at: number, bytes: Uint8Array, problem: string][] = [
    [end + 8, u16(3, 3), "corrupt"],
    [end + 12, u32(7), "corrupt"],
    [end + 16, u32(7), "corrupt"],
    [end - 20 + 8, u32(7), "corrupt"],
    [end - 20 - 56, u32(7), "corrupt"],
    [end - 20 - 56 + 4, u32(72), "unsupported"],
    [end - 20 + 16, u32(2), "unsupported"],
    [end - 20 - 56 + 44, u32(0, 0xffffffff), "corrupt"],
  ];
  for (const [at, bytes, problem] of changes) {
    const changed = archive.slice();
    changed.set(bytes, at);
    assert.throws(() => find(changed), { problem }, `byte ${at}`);
  }
});

Deno.test("findZipEnd() rejects an archive in several parts", () => {
  assert.throws(() => find(buildZip(PARTS, { disk: 1 })), {
    problem: "unsupported",
    message: /several parts/,
  });
  assert.throws(() => find(buildZip(PARTS, { disk: 1, zip64: true })), { problem: "unsupported" });
});
