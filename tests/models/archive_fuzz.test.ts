import assert from "node:assert/strict";
import { InvalidArchiveError } from "../../lib/errors.ts";
import { extractArchive } from "../../lib/archive/extract_archive.ts";
import {
  buildZip,
  DESCRIPTOR,
  join,
  u16,
  u64,
  UTF8,
  utf8,
  type ZipPart,
} from "../support/builders/zip_builder.ts";

const FILES: Readonly<Record<string, string>> = {
  "main.py": "def main(id, config):\n    return config\n",
  "lib/é.py": "x = 1\n".repeat(20),
};
const PARTS: readonly ZipPart[] = [
  { name: "main.py", content: utf8(FILES["main.py"] ?? ""), mode: 0o100755 },
  { name: "lib/é.py", content: utf8(FILES["lib/é.py"] ?? ""), method: 8, flags: UTF8 | DESCRIPTOR },
];
const ARCHIVES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "a plain archive": buildZip(PARTS),
  "a ZIP64 archive with a comment": buildZip(PARTS.map(withZip64Sizes), {
    zip64: true,
    comment: utf8("a comment"),
  }),
};

for (const [kind, archive] of Object.entries(ARCHIVES)) {
  Deno.test(`extractArchive() extracts ${kind} exactly or rejects it, whatever byte of it is wrong`, () => {
    using bench = new Bench();
    assert.equal(bench.outcomeOf(archive), "extracted");
    let refused = 0;
    for (let at = 0; at < archive.length; at++) {
      for (const mask of [0x01, 0x08, 0x80, 0xff]) {
        const broken = archive.slice();
        broken[at] = (broken[at] ?? 0) ^ mask;
        if (bench.outcomeOf(broken) === "refused") refused++;
      }
    }
    // Times, modes and hints may change; most of an archive may not.
    assert(refused > archive.length * 2, `only ${refused} were refused`);
  });

  Deno.test(`extractArchive() rejects ${kind} cut off anywhere, at its start or at its end`, () => {
    using bench = new Bench();
    for (let at = 0; at < archive.length; at++) {
      assert.equal(bench.outcomeOf(archive.subarray(0, at)), "refused", `the first ${at} bytes`);
      if (at > 0) {
        assert.equal(bench.outcomeOf(archive.subarray(at)), "refused", `without the first ${at} bytes`);
      }
    }
  });

  Deno.test(`extractArchive() extracts ${kind} exactly or rejects it with a byte too many or too few`, () => {
    using bench = new Bench();
    for (let at = 0; at < archive.length; at++) {
      bench.outcomeOf(join(archive.subarray(0, at), new Uint8Array(1), archive.subarray(at)));
      bench.outcomeOf(join(archive.subarray(0, at), archive.subarray(at + 1)));
    }
  });
}

/** Extracts archives one after the other, and checks that each leaves the right files or none. */
class Bench implements Disposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "berth-fuzz-" });

  outcomeOf(archive: Uint8Array): "extracted" | "refused" {
    const archivePath = `${this.#root}/archive.zip`;
    const destination = `${this.#root}/bot`;
    Deno.writeFileSync(archivePath, archive);
    try {
      extractArchive({ archivePath, destination });
    } catch (error) {
      if (!(error instanceof InvalidArchiveError)) throw error;
      assert.deepEqual([...Deno.readDirSync(this.#root)].map(({ name }) => name), ["archive.zip"]);
      return "refused";
    }
    assert.deepEqual(filesIn(destination), FILES);
    Deno.removeSync(destination, { recursive: true });
    return "extracted";
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

function filesIn(folder: string, prefix = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${prefix}`)) {
    const path = `${prefix}${name}`;
    if (isDirectory) Object.assign(found, filesIn(folder, `${path}/`));
    else found[path] = Deno.readTextFileSync(`${folder}/${path}`);
  }
  return found;
}

function withZip64Sizes(part: ZipPart): ZipPart {
  if (part.method === 8) return part;
  const size = part.content?.length ?? 0;
  const extra = join(u16(1, 16), u64(size, size));
  return { ...part, size: 0xffffffff, compressedSize: 0xffffffff, extra };
}
