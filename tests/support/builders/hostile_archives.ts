/**
 * Makes archives that are hostile in every way we know of, each in many variants: the bad entry first, last or between
 * good ones, at the top or in a folder, stored or deflated. The same seed gives the same archives.
 *
 * @module
 */
import { deflateSync } from "fflate";
import type { ArchiveProblem } from "../../../lib/errors.ts";
import {
  buildZip,
  DESCRIPTOR,
  join,
  offsetsOf,
  u16,
  u32,
  u64,
  UTF8,
  utf8,
  type ZipPart,
} from "./zip_builder.ts";

/** One hostile archive, and how it must be refused. */
export interface HostileArchive {
  /** Its flaw, and the number of the variant. */
  readonly title: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Each of these is right. */
  readonly problems: readonly ArchiveProblem[];
  /** The entries that the error may name; `undefined` when it is about the whole archive. */
  readonly entries: readonly string[] | undefined;
}

type Hostile = Omit<HostileArchive, "title">;
type Kind = (v: Variant) => Hostile;

/** A variant: chosen at random, the same for the same seed. */
class Variant {
  #state: number;

  constructor(readonly number: number, seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to below `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.number % choices.length] ?? choices[0];
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  text(): Uint8Array {
    return utf8(`value = ${this.below(1e9)}\n`.repeat(1 + this.below(40)));
  }

  /** An honest entry, stored or deflated, with a descriptor or without. */
  good(name: string): ZipPart {
    return {
      name,
      content: this.text(),
      method: this.below(2) * 8,
      flags: UTF8 | (this.below(2) * DESCRIPTOR),
    };
  }

  /** A folder to put the bad entry in, or none. */
  folder(): string {
    return this.pick(["", "pkg/", "a/b/c/"]);
  }

  /** Stored and deflated in turn. */
  method(): number {
    return (this.number % 2) * 8;
  }

  /** Puts good entries before and after the bad ones. */
  around(bad: readonly ZipPart[]): ZipPart[] {
    const before = Array.from({ length: this.below(4) }, (_, index) => this.good(`good-${index}.py`));
    const after = Array.from({ length: this.below(4) }, (_, index) => this.good(`later/good-${index}.py`));
    return [...before, ...bad, ...after];
  }
}

function one(
  problem: ArchiveProblem | readonly ArchiveProblem[],
  label: string,
  bytes: Uint8Array<ArrayBuffer>,
): Hostile {
  return { bytes, problems: [problem].flat(), entries: [label] };
}

function whole(problem: ArchiveProblem | readonly ArchiveProblem[], bytes: Uint8Array<ArrayBuffer>): Hostile {
  return { bytes, problems: [problem].flat(), entries: undefined };
}

/** A kind that is one bad entry among good ones. */
function badEntry(
  problem: ArchiveProblem | readonly ArchiveProblem[],
  make: (v: Variant, name: string) => Partial<ZipPart>,
): Kind {
  return (v) => {
    const name = `${v.folder()}bad.py`;
    const part: ZipPart = { name, content: v.text(), method: v.method(), ...make(v, name) };
    return one(problem, name, buildZip(v.around([part])));
  };
}

/** A kind that is one bad name; `label` is how the error must show it. */
function badName(
  problem: ArchiveProblem,
  make: (v: Variant) => { name: string | Uint8Array; label?: string },
): Kind {
  return (v) => {
    const { name, label } = make(v);
    const part: ZipPart = { name, content: v.text(), method: v.method() };
    return one(problem, label ?? String(name), buildZip(v.around([part])));
  };
}

/** A kind that is two entries which must not be together. */
function pair(problem: ArchiveProblem, make: (v: Variant) => readonly [string, string]): Kind {
  return (v) => {
    const [first, second] = make(v);
    const part = (name: string): ZipPart =>
      name.endsWith("/") ? { name, mode: 0o040755 } : { name, content: v.text(), method: v.method() };
    const between = Array.from({ length: v.below(3) }, (_, index) => v.good(`between-${index}.py`));
    return one(problem, second, buildZip(v.around([part(first), ...between, part(second)])));
  };
}

function honest(v: Variant): Uint8Array<ArrayBuffer> {
  return buildZip(v.around([v.good("main.py")]));
}

/**
 * @param canary Absolute path of the file outside that bad names aim at.
 * @returns Kinds of hostility by name.
 */
function kinds(canary: string): Readonly<Record<string, Kind>> {
  const secret = canary.split("/").slice(-2).join("/");
  return {
    "not a ZIP": (v) =>
      whole("not-a-zip", join(utf8(v.pick(["<html>", "\x7fELF", "Rar!", ""])), v.bytes(v.below(2000) & ~7))),
    "truncated": (v) => {
      const archive = honest(v);
      return whole("truncated", archive.slice(0, 4 + v.below(archive.length - 5)));
    },
    "compressed data broken": (v) => {
      const content = v.bytes(500);
      const data = deflateSync(content);
      data.set(v.bytes(40), 20 + v.below(400));
      return one(
        ["corrupt", "crc-mismatch", "header-mismatch"],
        "bad.bin",
        buildZip(v.around([{ name: "bad.bin", content, data, method: 8 }])),
      );
    },
    "compressed data cut off": badEntry(["corrupt", "header-mismatch"], (v) => {
      const content = v.bytes(500);
      return { content, method: 8, data: deflateSync(content).slice(0, 20 + v.below(400)) };
    }),
    "compressed data goes on": badEntry("corrupt", (v) => {
      const content = v.text();
      return { content, method: 8, data: join(deflateSync(content), v.bytes(200_000)) };
    }),
    "declares more than it holds": badEntry("header-mismatch", (v) => {
      const content = v.text();
      return { content, method: 8, size: content.length + 1 + v.below(1000) };
    }),
    "wrong checksum": badEntry(
      "crc-mismatch",
      (v) => ({ crc: v.below(2 ** 32), flags: v.pick([UTF8, UTF8 | DESCRIPTOR]) }),
    ),
    "encrypted": badEntry("encrypted", (v) => ({ flags: UTF8 | v.pick([0x0001, 0x0041, 0x0009]) })),
    "directory encrypted": badEntry("encrypted", (v) => ({ flags: UTF8 | v.pick([0x2000, 0x2001, 0x2041]) })),
    "AES": badEntry("encrypted", (v) => ({ method: 99, data: v.bytes(50) })),
    "other compression": badEntry(
      "unsupported",
      (v) => ({ method: v.pick([1, 6, 9, 12, 14, 93, 95, 98, 4242]), data: v.bytes(50) }),
    ),
    "leads out": badName("bad-name", (v) => ({
      name: v.pick([
        `../${secret}`,
        `pkg/../../${secret}`,
        "..",
        `a/b/../../../${secret}`,
        "pkg/..",
        `../../${secret}`,
      ]),
    })),
    "absolute": badName("bad-name", (v) => ({ name: v.pick([canary, "/", `/${canary}`, "/tmp/x"]) })),
    "drive letter": badName("bad-name", (v) => ({ name: v.pick(["C:/x.py", "c:x.py", "Z:/../x", "C:"]) })),
    "backslash": badName(
      "bad-name",
      (v) => ({ name: v.pick([`..\\${secret}`, "pkg\\main.py", "\\\\host\\share", "a/b\\..\\c"]) }),
    ),
    "control character": badName("bad-name", (v) =>
      v.pick([
        { name: "main.py\0.txt", label: "main.py\\x00.txt" },
        { name: "a\nb/c.py", label: "a\\x0ab/c.py" },
        { name: "\x1b[31mred.py", label: "\\x1b[31mred.py" },
        { name: "x\x7f.py", label: "x\\x7f.py" },
        { name: "x\u0085.py", label: "x\\x85.py" },
      ])),
    "no name": badName("bad-name", () => ({ name: "" })),
    "not UTF-8": badName("bad-name", (v) =>
      v.pick([
        { name: new Uint8Array([0x61, 0xff, 0x62]), label: "a\\xffb" },
        { name: new Uint8Array([0xc0, 0xae, 0xc0, 0xae, 0x2f, 0x78]), label: "\\xc0\\xae\\xc0\\xae/x" },
        { name: new Uint8Array([0x81, 0x2e, 0x70, 0x79]), label: "\\x81.py" },
        { name: new Uint8Array([0xed, 0xa0, 0x80]), label: "\\xed\\xa0\\x80" },
      ])),
    "dots and empty parts": badName(
      "bad-name",
      (v) => ({ name: v.pick(["./main.py", "a/./b.py", "a//b.py", ".", "a//", "./"]) }),
    ),
    "too long": badName("bad-name", (v) => {
      const name = v.pick([
        "x".repeat(256),
        `${"y".repeat(300)}/a.py`,
        `é`.repeat(128),
        "d/".repeat(2049) + "x",
      ]);
      return { name, label: name.length > 160 ? `${name.slice(0, 160)}…` : name };
    }),
    "symbolic link": (v) => {
      const link: ZipPart = {
        name: "link",
        content: utf8(v.pick([canary, `../${secret}`, ".."])),
        mode: 0o120777,
        madeOn: v.pick([3, 3, 19, 0]),
      };
      const through: ZipPart[] = v.below(2) === 0
        ? []
        : [{ name: "link/file.txt", content: utf8("taken\n") }];
      return {
        ...one("not-a-file", "link", buildZip(v.around([link, ...through]))),
        entries: ["link", "link/file.txt"],
      };
    },
    "special file": badEntry(
      "not-a-file",
      (v) => ({ mode: v.pick([0o010644, 0o020666, 0o060660, 0o140777]) }),
    ),
    "twice": pair("duplicate", (v) => v.pick([["a.py", "a.py"], ["d/x/", "d/x/"], ["d/a.py", "d/a.py"]])),
    "file and folder": pair("duplicate", (v) => v.pick([["a", "a/"], ["d/a", "d/a/"], ["a/", "a"]])),
    "file used as a folder": pair(
      "duplicate",
      (v) => v.pick([["a", "a/b"], ["d/a", "d/a/b/c.py"], ["a/b/c", "a/b"]]),
    ),
    "same name, other normalisation": pair(
      "duplicate",
      (v) =>
        v.pick([["caf\u00e9.py", "cafe\u0301.py"], ["\u00e9/a.py", "e\u0301/b.py"], ["\u00c5/", "A\u030a/"]]),
    ),
    "reserved name": badName("reserved-name", (v) => ({
      name: v.pick(["entrypoint.sh", ".berth", ".berth/x", "entrypoint.sh/x", ".berth/a/b"]),
    })),
    "other name at the entry": badEntry(
      "header-mismatch",
      (v) => ({ local: { name: v.pick(["../bad.py", "bad.pz", "x"]) } }),
    ),
    "other method at the entry": badEntry("header-mismatch", (v) => ({ local: { method: 8 - v.method() } })),
    "other flags at the entry": badEntry(
      "header-mismatch",
      (v) => ({ local: { flags: UTF8 | v.pick([0x01, 0x08, 0x40, 0x2000]) } }),
    ),
    "other size at the entry": badEntry("header-mismatch", (v) => ({
      local: v.pick<ZipPart["local"]>([{ size: 1e6 }, { compressedSize: 7 }, { crc: 12345 }]) ?? {},
    })),
    "wrong data descriptor": badEntry(["header-mismatch", "corrupt"], (v) => ({
      flags: UTF8 | DESCRIPTOR,
      after: v.pick([u32(0x08074b50, 1, 2, 3), u32(1, 2, 3), u32(1, 2), new Uint8Array(), u64(1, 2, 3)]),
    })),
    "sizes that contradict": badEntry("header-mismatch", (v) => ({ method: 0, size: 1000 + v.below(1000) })),
    "shares its data": (v) => {
      const before: ZipPart = { name: "kernel.bin", content: v.bytes(200) };
      const after: ZipPart = {
        name: "again.bin",
        content: v.bytes(200),
        listedOnly: true,
        offset: v.pick([0, 20, 100]),
      };
      return {
        ...one("corrupt", "kernel.bin", buildZip([before, v.good("x.py"), after])),
        entries: ["kernel.bin", "again.bin", "x.py"],
      };
    },
    "quotes the next entry": (v) => {
      const inner: ZipPart = { name: "inner.bin", content: v.bytes(300) };
      const probe: ZipPart = { name: "outer.bin", content: v.bytes(10) };
      const [, second = 0] = offsetsOf([probe, inner]);
      const outer: ZipPart = { ...probe, size: 10 + 30 + 9 + 300, compressedSize: 10 + 30 + 9 + 300 };
      return one("corrupt", "outer.bin", buildZip([outer, { ...inner, offset: second }]));
    },
    "reaches into the directory": (v) => {
      const size = 1000 + v.below(1000);
      return one(
        "corrupt",
        "last.bin",
        buildZip([v.good("main.py"), { name: "last.bin", content: v.bytes(50), size, compressedSize: size }]),
      );
    },
    "not where it is said to be": (v) => {
      const first = v.good("main.py");
      const bad: ZipPart = {
        name: "bad.bin",
        content: v.bytes(100),
        data: v.bytes(500),
        compressedSize: 100,
      };
      const offset = (offsetsOf([first, bad])[1] ?? 0) + 1 + v.below(200);
      const bytes = buildZip([first, { ...bad, offset }]);
      return { bytes, problems: ["corrupt"], entries: ["main.py", "bad.bin"] };
    },
    "something before it": (v) => {
      const prefix = join(utf8("#!/bin/sh\n"), v.bytes(1 + v.below(300)));
      return whole(
        "corrupt",
        buildZip(v.around([v.good("main.py")]), { prefix, ...v.pick([{}, { directoryOffset: 200 }]) }),
      );
    },
    "something in between": badEntry("corrupt", (v) => ({ flags: UTF8, after: v.bytes(1 + v.below(100)) })),
    "something after it": (v) =>
      whole("corrupt", buildZip(v.around([]), { suffix: new Uint8Array(1 + v.below(500)) })),
    "second end in the comment": (v) => {
      const inner = buildZip([{ name: "inner.py", content: v.text() }]);
      return whole(
        "corrupt",
        buildZip(v.around([v.good("main.py")]), {
          comment: v.pick([inner, inner.slice(-22), u32(0x06054b50)]),
        }),
      );
    },
    "wrong number of entries": (v) => {
      const parts = v.around([v.good("main.py"), v.good("b.py")]);
      return whole(
        "corrupt",
        buildZip(parts, { entries: parts.length + v.pick([1, -1, 7, -2]), zip64: v.below(2) === 1 }),
      );
    },
    "too many entries": (v) =>
      whole(
        "too-many-entries",
        buildZip(
          [v.good("main.py")],
          v.pick([{ entries: 50_001 }, { entries: 65_534 }, { entries: 2 ** 40, zip64: true }]),
        ),
      ),
    "a bomb": (v) => {
      const content = new Uint8Array(1024 ** 2 * (2 + v.below(3)));
      const name = `${v.folder()}bomb`;
      return one(
        "ratio",
        name,
        buildZip(v.around([{ name, content, method: 8, flags: v.pick([UTF8, UTF8 | DESCRIPTOR]) }])),
      );
    },
    "a bomb that lies": (v) => {
      const size = v.pick([0, 1, 100, 5000]);
      return one(
        "header-mismatch",
        "bomb",
        buildZip(v.around([{ name: "bomb", content: new Uint8Array(5e6), size, method: 8 }])),
      );
    },
    "a bomb in many files": (v) => {
      const content = new Uint8Array(1024 ** 2 - 1);
      const data = deflateSync(content);
      const parts = Array.from(
        { length: 4 },
        (_, index): ZipPart => ({ name: `${v.folder()}${index}.bin`, content, data, method: 8 }),
      );
      return { bytes: buildZip(parts), problems: ["ratio"], entries: parts.map((part) => String(part.name)) };
    },
    "too large a file": badEntry("too-large", (v) => {
      const size = v.pick([512 * 1024 ** 2 + 1, 2 ** 32 - 2, 2 ** 40]);
      return size < 2 ** 32
        ? { method: 8, size }
        : { method: 8, size: 0xffffffff, extra: join(u16(1, 8), u64(size)) };
    }),
    "ZIP64 size missing": badEntry(
      "corrupt",
      (v) => ({
        size: 0xffffffff,
        extra: v.pick([new Uint8Array(), u16(1, 0), join(u16(1, 4), u32(5)), u16(1, 900)]),
      }),
    ),
    "split archive": (v) =>
      whole("unsupported", buildZip(v.around([v.good("main.py")]), { disk: 1 + v.below(5) })),
    "entry on another disk": badEntry("unsupported", (v) => ({ disk: 1 + v.below(100) })),
  };
}

/**
 * @param canary Absolute path of the file outside that bad names aim at.
 * @param variants How many variants of each kind.
 * @param seed Chooses the variants.
 * @returns The archives, one after the other.
 */
export function* hostileArchives(canary: string, variants: number, seed: number): Generator<HostileArchive> {
  for (const [name, kind] of Object.entries(kinds(canary))) {
    for (let number = 0; number < variants; number++) {
      yield {
        title: `${name} #${number}`,
        ...kind(new Variant(number, Math.imul(seed + number, name.length + 1))),
      };
    }
  }
}
