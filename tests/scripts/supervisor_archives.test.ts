/**
 * The subcommands of the supervisor that read and write archives.
 *
 * @module
 */

import assert from "node:assert/strict";
import { strToU8, zipSync } from "fflate";
import { loadSupervisorProgram } from "../../lib/cluster/supervisor/supervisor_program.ts";
import { FolderFixture } from "../support/fixtures/folder_fixture.ts";

const LIMITS = { maxEntries: 5, maxTotalBytes: 1000, maxFileBytes: 600 };
const SYMLINK = { attrs: (0o120777 << 16) >>> 0, os: 3 } as const;

/** A folder, and beside it the supervisor's program. */
class ProgramFixture implements AsyncDisposable {
  readonly #folder: FolderFixture;
  readonly #programs: FolderFixture;

  private constructor(folder: FolderFixture, programs: FolderFixture) {
    this.#folder = folder;
    this.#programs = programs;
  }

  static async open(): Promise<ProgramFixture> {
    const fixture = new ProgramFixture(await FolderFixture.open(), await FolderFixture.open());
    const parts = (await loadSupervisorProgram()).parts.get(Deno.build.arch)!.map(({ content }) => content);
    const program = new Blob(parts as BlobPart[]).stream().pipeThrough(new DecompressionStream("gzip"));
    await Deno.writeFile(fixture.#program, program, { mode: 0o755 });
    return fixture;
  }

  get path(): string {
    return this.#folder.path;
  }

  get #program(): string {
    return `${this.#programs.path}/supervisor`;
  }

  /** Runs the program. @param args A subcommand and its arguments. @param input Its input. */
  async run(args: readonly string[], input?: Uint8Array): Promise<Ran> {
    const child = new Deno.Command(this.#program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    if (input) await writer.write(input).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    return { code, stdout, stderr: new TextDecoder().decode(stderr) };
  }

  /** Extracts an archive of code. */
  extract(archive: string, folder: string): Promise<Ran> {
    return this.run(["extract", archive, folder, JSON.stringify(LIMITS)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
    await this.#programs[Symbol.asyncDispose]();
  }
}

interface Ran {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Changes a name in both places of an archive. */
function renamed(zip: Uint8Array, from: string, to: string): Uint8Array {
  const text = Array.from(zip, (byte) => String.fromCharCode(byte)).join("").replaceAll(from, to);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const small = { "a.py": strToU8("1"), "in/b.txt": strToU8("2") };
const HOSTILE: readonly (readonly [string, Uint8Array])[] = [
  ["a symbolic link", zipSync({ link: [strToU8("/etc/passwd"), SYMLINK] })],
  ["a way out", renamed(zipSync({ "xx/evil": strToU8("x") }), "xx/evil", "../evil")],
  ["an absolute name", renamed(zipSync({ "xevil": strToU8("x") }), "xevil", "/evil")],
  ["a name twice", renamed(zipSync({ aaaa: strToU8("1"), bbbb: strToU8("2") }), "bbbb", "aaaa")],
  ["too many entries", zipSync(Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`${n}`, strToU8("x")])))],
  ["a large file", zipSync({ big: new Uint8Array(700) })],
  ["much in total", zipSync({ one: new Uint8Array(550), two: new Uint8Array(550) })],
  ["a cut", zipSync(small).slice(0, -30)],
  ["no archive", strToU8("hello")],
];

Deno.test("a supervisor extracts files and folders, and nothing else", async () => {
  await using fixture = await ProgramFixture.open();
  const at = (name: string) => `${fixture.path}/${name}`;
  const program = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0]);
  await Deno.writeFile(
    at("good.zip"),
    zipSync({ ...small, empty: new Uint8Array(), program, "folder/": new Uint8Array() }),
  );
  const good = await fixture.extract(at("good.zip"), at("good"));
  assert.equal(good.code, 0, good.stderr);
  assert.equal(await Deno.readTextFile(at("good/in/b.txt")), "2");
  assert.equal((await Deno.stat(at("good/program"))).mode! & 0o777, 0o755);
  assert.equal((await Deno.stat(at("good/a.py"))).mode! & 0o777, 0o644);
  for (const [what, zip] of HOSTILE) {
    await Deno.writeFile(at("bad.zip"), zip);
    const { code, stderr } = await fixture.extract(at("bad.zip"), at("bad"));
    assert.notEqual(code, 0, what);
    assert.notEqual(stderr, "", what);
    await Deno.remove(at("bad"), { recursive: true }).catch(() => {});
  }
  const names = (await Array.fromAsync(Deno.readDir(fixture.path), ({ name }) => name)).sort();
  assert.deepEqual(names, ["bad.zip", "good", "good.zip"]);
});

Deno.test("a supervisor unpacks the state that another one has packed", async () => {
  await using fixture = await ProgramFixture.open();
  const [from, to] = [`${fixture.path}/from`, `${fixture.path}/to`];
  const long = `${"d".repeat(100)}/${"é".repeat(60)}`;
  await Deno.mkdir(`${from}/${"d".repeat(100)}`, { recursive: true });
  await Deno.mkdir(to);
  await Deno.writeTextFile(`${from}/${long}`, "long");
  await Deno.writeFile(`${from}/big`, new Uint8Array(300_000).fill(7), { mode: 0o640 });
  await Deno.link(`${from}/big`, `${from}/same`);
  await Deno.symlink("../elsewhere", `${from}/link`);
  await Deno.utime(`${from}/big`, 1_000_000, 1_000_000);
  const manifest = JSON.stringify({ bot: "grid", at: "x", version: "1" });
  const packed = await fixture.run(["pack", from, "1000000", manifest]);
  assert.equal(packed.code, 0, packed.stderr);
  assert.deepEqual(JSON.parse(packed.stderr), { files: 2, bytes: 300_004, leftOut: 0 });
  const unpacked = await fixture.run(["unpack", to, "1000000", "grid"], packed.stdout);
  assert.equal(unpacked.code, 0, unpacked.stderr);
  assert.equal(await Deno.readTextFile(`${to}/${long}`), "long");
  const big = await Deno.stat(`${to}/big`);
  assert.deepEqual([big.mode! & 0o777, big.mtime?.getTime(), big.nlink], [0o640, 1_000_000_000, 2]);
  assert.equal(await Deno.readLink(`${to}/link`), "../elsewhere");
  // Neither one of another bot, nor more than it may hold.
  for (const [bot, limit] of [["other", "1000000"], ["grid", "1000"]]) {
    await Deno.remove(to, { recursive: true });
    await Deno.mkdir(to);
    const refused = await fixture.run(["unpack", to, limit!, bot!], packed.stdout);
    assert.notEqual(refused.code, 0);
  }
  const cut = await fixture.run(["unpack", to, "1000000", "grid"], packed.stdout.slice(0, -50));
  assert.notEqual(cut.code, 0);
});

Deno.test("a supervisor unpacks nothing outside of the folder", async () => {
  await using fixture = await ProgramFixture.open();
  for (
    const [name, kind, target] of [["../evil", "0", ""], ["/evil", "0", ""], ["hard", "1", "/etc/passwd"], [
      "dev",
      "3",
      "",
    ]]
  ) {
    const to = `${fixture.path}/to`;
    await Deno.mkdir(to);
    const refused = await fixture.run(
      ["unpack", to, "1000", "grid"],
      await tarOf(name!, kind!, target!),
    );
    assert.notEqual(refused.code, 0, `${name}: ${refused.stderr}`);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(to)), []);
    await Deno.remove(to, { recursive: true });
  }
  // A file is not written through a link that comes before it.
  const to = `${fixture.path}/to`;
  await Deno.mkdir(to);
  const two = await tarOf("way", "2", "..", await tarBlock("way/evil", "0", ""));
  await fixture.run(["unpack", to, "1000", "grid"], two);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(fixture.path), ({ name }) => name)).sort(), ["to"]);
});

function tarBlock(name: string, kind: string, target: string): Uint8Array {
  const block = new Uint8Array(512);
  const put = (text: string, at: number) => block.set(strToU8(text), at);
  put(name, 0);
  put("0000644\0", 100);
  put("00000000000\0", 124);
  put("00000000000\0", 136);
  put("        ", 148);
  put(kind, 156);
  put(target, 157);
  put("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

async function tarOf(name: string, kind: string, target: string, ...more: Uint8Array[]): Promise<Uint8Array> {
  const blocks = [tarBlock(name, kind, target), ...more, new Uint8Array(1024)];
  const stream = new Blob(blocks as BlobPart[]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
