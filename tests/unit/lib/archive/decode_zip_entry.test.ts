import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../../../lib/archive/crc32.ts";
import { decodeZipEntry } from "../../../../lib/archive/decode_zip_entry.ts";
import { ZIP_DEFLATED, type ZipEntry } from "../../../../lib/archive/zip_directory.ts";
import { InvalidArchiveError } from "../../../../lib/errors.ts";

const MIB = 1024 ** 2;

/** Decodes an entry whose data is `data`. @returns The content. */
function decode(data: Uint8Array, declared: { readonly size: number; readonly crc: number }): Uint8Array {
  const entry: ZipEntry = {
    path: "a",
    label: "a",
    isFolder: false,
    rawName: new Uint8Array([97]),
    isExecutable: false,
    flags: 0,
    method: ZIP_DEFLATED,
    compressedSize: data.length,
    offset: 0,
    ...declared,
  } as ZipEntry;
  const chunks: Uint8Array[] = [];
  decodeZipEntry(entry, {
    start: 0,
    read: (position, length) => data.subarray(position, position + length),
    write: (chunk) => void chunks.push(chunk.slice()),
  });
  return new Uint8Array(Buffer.concat(chunks));
}

// Small entries are decompressed at once, and large ones in pieces.
for (const size of [0, 1, 3 * MIB, 17 * MIB]) {
  const content = new Uint8Array(size).map((_, index) => (index * 2654435761) >>> 24);
  const data = new Uint8Array(deflateRawSync(content, { level: 1 }));
  const declared = { size, crc: crc32(content) };

  Deno.test(`decodeZipEntry() gives the content of ${size} bytes`, () => {
    assert.ok(Buffer.from(decode(data, declared)).equals(content));
  });

  Deno.test(`decodeZipEntry() refuses ${size} bytes that are not what the entry declares`, () => {
    const junk = new Uint8Array(200 * 1024);
    const flipped = data.with(data.length >> 1, data[data.length >> 1]! ^ 0x55);
    const cases: [string, Uint8Array, Partial<typeof declared>][] = [
      ["more than declared", data, { size: size - 1 }],
      ["less than declared", data, { size: size + 1 }],
      ["another checksum", data, { crc: declared.crc ^ 1 }],
      ["bytes after the end", Buffer.concat([data, junk]), {}],
      ["cut off", data.subarray(0, data.length - 1), {}],
      ["damaged", flipped, {}],
    ];
    for (const [what, given, more] of cases) {
      if (size === 0 && what === "more than declared") continue;
      assert.throws(
        () => decode(given, { ...declared, ...more }),
        (error) => error instanceof InvalidArchiveError,
        what,
      );
    }
  });
}
