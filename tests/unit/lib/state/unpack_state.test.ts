import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { buffer } from "node:stream/consumers";
// @ts-types="@types/tar-stream"
import tar, { type Headers } from "tar-stream";
import { StateError } from "../../../../lib/state/state_error.ts";
import { MANIFEST } from "../../../../lib/state/state_packer.ts";
import { unpackState } from "../../../../lib/state/unpack_state.ts";

type Entry = readonly [header: Headers, content?: string];

async function tarOf(entries: readonly Entry[]): Promise<Uint8Array> {
  const pack = tar.pack();
  for (const [header, content] of entries) {
    if (content === undefined) pack.entry(header);
    else pack.entry(header, content);
  }
  pack.finalize();
  return await buffer(pack);
}

async function unpack(
  archive: Uint8Array,
  maxBytes = 1000,
): Promise<{ names: string[]; outside: string[]; links?: ReadonlyMap<string, string>; error?: StateError }> {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    await Deno.writeFile(`${temp}/a.tar.gz`, archive);
    await Deno.mkdir(`${temp}/in/to`, { recursive: true });
    let links: ReadonlyMap<string, string> | undefined;
    let error: StateError | undefined;
    try {
      ({ links } = await unpackState(`${temp}/a.tar.gz`, `${temp}/in/to`, { maxBytes }));
    } catch (thrown) {
      error = thrown as StateError;
    }
    const names: string[] = [];
    const list = async (folder: string) => {
      for await (const { name, isDirectory } of Deno.readDir(`${temp}/in/to/${folder}`)) {
        names.push(`${folder}${name}`);
        if (isDirectory) await list(`${folder}${name}/`);
      }
    };
    await list("");
    const outside = [...Deno.readDirSync(temp), ...Deno.readDirSync(`${temp}/in`)].map(({ name }) => name);
    return { names: names.sort(), outside: outside.sort(), ...(links && { links }), ...(error && { error }) };
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

const file = (name: string, more: Partial<Headers> = {}): Entry => [{ name, ...more }, "text"];

const HOSTILE: Readonly<Record<string, { entries: readonly Entry[]; says: RegExp }>> = {
  "a name that leads out": { entries: [file("a/../../x")], says: /leads out of the folder/ },
  "an absolute name": { entries: [file("/tmp/berth-x")], says: /absolute name/ },
  "a file below a link": {
    entries: [[{ name: "l", type: "symlink", linkname: ".." }], file("l/x")],
    says: /"l" occurs twice/,
  },
  "a link below a link": {
    entries: [[{ name: "l", type: "symlink", linkname: ".." }], [{
      name: "l/m",
      type: "symlink",
      linkname: "x",
    }]],
    says: /"l" occurs twice/,
  },
  "a link to too long a name": {
    entries: [[{ name: "l", type: "symlink", linkname: "x".repeat(4096) }]],
    says: /"l" is a symbolic link whose target cannot be one/,
  },
  "a file in the place of a link": {
    entries: [[{ name: "l", type: "symlink", linkname: "../x" }], file("l")],
    says: /occurs twice/,
  },
  "a hard link out": {
    entries: [[{ name: "h", type: "link", linkname: "../../a.tar.gz" }]],
    says: /leads out of the folder/,
  },
  "a hard link to a link": {
    entries: [[{ name: "l", type: "symlink", linkname: "/etc/passwd" }], [{
      name: "h",
      type: "link",
      linkname: "l",
    }]],
    says: /hard link to a file that the archive does not have/,
  },
  "a manifest that is no object": { entries: [[{ name: MANIFEST }, "null"]], says: /is no JSON object/ },
  "a manifest that is no JSON": { entries: [[{ name: MANIFEST }, "{"]], says: /is no JSON object/ },
  "a header that fills the memory": {
    entries: [[{ name: "x", pax: { comment: "x".repeat(40_000_000) } } as Headers, ""]],
    says: /holds far more than its entries/,
  },
  "a device": {
    entries: [[{ name: "d", type: "character-device", devmajor: 1, devminor: 3 }]],
    says: /is a character-device/,
  },
  "a pipe": { entries: [[{ name: "p", type: "fifo" }]], says: /is a fifo/ },
  "more than the limit": { entries: [[{ name: "x" }, "x".repeat(1001)]], says: /holds more than/ },
  "a file twice": { entries: [file("x"), file("x")], says: /occurs twice/ },
};

for (const [name, { entries, says }] of Object.entries(HOSTILE)) {
  Deno.test(`unpackState() refuses ${name}, and writes nothing outside of its folder`, async () => {
    const { error, outside } = await unpack(gzipSync(await tarOf(entries)));
    assert.ok(error instanceof StateError, String(error));
    assert.match(error.message, says);
    assert.deepEqual(outside, ["a.tar.gz", "in", "to"]);
  });
}

Deno.test("unpackState() refuses whatever is not a whole tar.gz", async () => {
  const whole = gzipSync(await tarOf([[{ name: "x" }, "x".repeat(900)], file("y")]));
  const torn = [
    whole.subarray(0, whole.length / 2),
    whole.subarray(0, whole.length - 9),
    new Uint8Array(),
    gzipSync("no tar"),
  ];
  for (const bytes of torn) {
    const { error } = await unpack(bytes);
    assert.ok(error instanceof StateError, `${bytes.length} bytes: ${error}`);
    assert.match(error.message, /not a whole tar\.gz/);
  }
});

Deno.test("unpackState() takes a plain archive, without privileges of its files", async () => {
  const { error, names, links } = await unpack(gzipSync(
    await tarOf([
      [{ name: "./", type: "directory" }],
      file("./sub/x", { mode: 0o4755 }),
      // Not the archive's own manifest, which comes first.
      file(MANIFEST),
      [{ name: "sub/", type: "directory" }],
      [{ name: "new/l", type: "symlink", linkname: "/etc/passwd" }],
    ]),
  ));
  assert.equal(error, undefined);
  assert.deepEqual(names, [MANIFEST, "new", "sub", "sub/x"]);
  assert.deepEqual([...links!], [["new/l", "/etc/passwd"]]);
});
