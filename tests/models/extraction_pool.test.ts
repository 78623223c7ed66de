import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { deflateSync, zipSync } from "fflate";
import { ExtractionPool } from "../../lib/archive/extraction_pool.ts";
import { type BerthError, InvalidArchiveError } from "../../lib/errors.ts";
import type { ExtractArchiveOptions } from "../../lib/archive/extract_archive.ts";
import { buildZip, u64, utf8, type ZipPart } from "../support/builders/zip_builder.ts";
import { pause, until } from "../support/until.ts";

const MIB = 1024 ** 2;
const SMALL = buildZip([{ name: "main.py", content: utf8("x = 1\n") }]);
const ENDLESS = { maxRatio: 2000, maxTotalBytes: 2 ** 40 };
let endless: Uint8Array | undefined;
const isRoot = Deno.uid() === 0;

// The same four files: packed by Python, by Python as a stream with ZIP64, by Info-ZIP, and by Info-ZIP as a stream.
const PACKED = {
  "Python's zipfile":
    "UEsDBBQAAAAIADdLd10w/8tvIwAAACMAAAAHAAAAbWFpbi5weUtJTVPITczM08hM0VFIzs9Ly0zXtOJSAIKi1JLSojwFQy4AUEsDBBQAAAAAADdLd10AAAAAAAAAAAAAAAAEAAAAcGtnL1BLAwQUAAAICAA3S3ddO4n2iwgAAAAGAAAACQAAAHBrZy/DqS5weatQsFUw5AIAUEsDBBQAAAAIADdLd10vOtrpFAAAABIAAAAGAAAAcnVuLnNoU1bUT8rM0y/O4EpNzshXyMjkAgBQSwECFAMUAAAACAA3S3ddMP/LbyMAAAAjAAAABwAAAAAAAAAAAAAApIEAAAAAbWFpbi5weVBLAQIUAxQAAAAAADdLd10AAAAAAAAAAAAAAAAEAAAAAAAAAAAAEADtQUgAAABwa2cvUEsBAhQDFAAACAgAN0t3XTuJ9osIAAAABgAAAAkAAAAAAAAAAAAAAKSBagAAAHBrZy/DqS5weVBLAQIUAxQAAAAIADdLd10vOtrpFAAAABIAAAAGAAAAAAAAAAAAAADtiZkAAABydW4uc2hQSwUGAAAAAAQABADSAAAA0QAAAAAA",
  "Python's zipfile, streamed with ZIP64":
    "UEsDBC0ACAAIADdLd10AAAAA//////////8HABQAbWFpbi5weQEAEAAAAAAAAAAAAAAAAAAAAAAAS0lNU8hNzMzTyEzRUUjOz0vLTNe04lIAgqLUktKiPAVDLgBQSwcIMP/LbyMAAAAAAAAAIwAAAAAAAABQSwMELQAICAgAN0t3XQAAAAD//////////wkAFABwa2cvw6kucHkBABAAAAAAAAAAAAAAAAAAAAAAAKtQsFUw5AIAUEsHCDuJ9osIAAAAAAAAAAYAAAAAAAAAUEsDBC0ACAAIADdLd10AAAAA//////////8GABQAcnVuLnNoAQAQAAAAAAAAAAAAAAAAAAAAAABTVtRPyszTL87gSk3OyFfIyOQCAFBLBwgvOtrpFAAAAAAAAAASAAAAAAAAAFBLAQItAy0ACAAIADdLd10w/8tvIwAAACMAAAAHAAAAAAAAAAAAAACkgQAAAABtYWluLnB5UEsBAi0DLQAICAgAN0t3XTuJ9osIAAAABgAAAAkAAAAAAAAAAAAAAKSBdAAAAHBrZy/DqS5weVBLAQItAy0ACAAIADdLd10vOtrpFAAAABIAAAAGAAAAAAAAAAAAAADtic8AAABydW4uc2hQSwUGAAAAAAMAAwCgAAAAMwEAAAAA",
  "Info-ZIP":
    "UEsDBAoAAAAAADhLd10w/8tvIwAAACMAAAAHABwAbWFpbi5weVVUCQADmwYEa5sGBGt1eAsAAQQAAAAABAAAAABkZWYgbWFpbihpZCwgY29uZmlnKToKICAgIHJldHVybiAxClBLAwQKAAAAAAA4S3ddLzra6RIAAAASAAAABgAcAHJ1bi5zaFVUCQADmwYEa5sGBGt1eAsAAQQAAAAABAAAAAAjIS9iaW4vc2gKZWNobyBoaQpQSwMECgAAAAAAOEt3XQAAAAAAAAAAAAAAAAQAHABwa2cvVVQJAAObBgRrmwYEa3V4CwABBAAAAAAEAAAAAFBLAwQKAAAAAAA4S3ddO4n2iwYAAAAGAAAACQAcAHBrZy/DqS5weVVUCQADmwYEa5sGBGt1eAsAAQQAAAAABAAAAAB4ID0gMQpQSwECHgMKAAAAAAA4S3ddMP/LbyMAAAAjAAAABwAYAAAAAAABAAAApIEAAAAAbWFpbi5weVVUBQADmwYEa3V4CwABBAAAAAAEAAAAAFBLAQIeAwoAAAAAADhLd10vOtrpEgAAABIAAAAGABgAAAAAAAEAAADtiWQAAABydW4uc2hVVAUAA5sGBGt1eAsAAQQAAAAABAAAAABQSwECHgMKAAAAAAA4S3ddAAAAAAAAAAAAAAAABAAYAAAAAAAAABAA7UG2AAAAcGtnL1VUBQADmwYEa3V4CwABBAAAAAAEAAAAAFBLAQIeAwoAAAAAADhLd107ifaLBgAAAAYAAAAJABgAAAAAAAEAAACkgfQAAABwa2cvw6kucHlVVAUAA5sGBGt1eAsAAQQAAAAABAAAAABQSwUGAAAAAAQABAAyAQAAPQEAAAAA",
  "Info-ZIP, streamed":
    "UEsDBBQACAAIADhLd10AAAAAAAAAACMAAAAHABwAbWFpbi5weVVUCQADmwYEa5sGBGt1eAsAAQQAAAAABAAAAABLSU1TyE3MzNPITNFRSM7PS8tM17TiUgCCotSS0qI8BUMuAFBLBwgw/8tvIwAAACMAAABQSwMEFAAIAAgAOEt3XQAAAAAAAAAAEgAAAAYAHABydW4uc2hVVAkAA5sGBGubBgRrdXgLAAEEAAAAAAQAAAAAU1bUT8rM0y/O4EpNzshXyMjkAgBQSwcILzra6RQAAAASAAAAUEsDBAoAAAAAADhLd10AAAAAAAAAAAAAAAAEABwAcGtnL1VUCQADmwYEa5sGBGt1eAsAAQQAAAAABAAAAABQSwMEFAAIAAgAOEt3XQAAAAAAAAAABgAAAAkAHABwa2cvw6kucHlVVAkAA5sGBGubBgRrdXgLAAEEAAAAAAQAAAAAq1CwVTDkAgBQSwcIO4n2iwgAAAAGAAAAUEsBAh4DFAAIAAgAOEt3XTD/y28jAAAAIwAAAAcAGAAAAAAAAQAAAKSBAAAAAG1haW4ucHlVVAUAA5sGBGt1eAsAAQQAAAAABAAAAABQSwECHgMUAAgACAA4S3ddLzra6RQAAAASAAAABgAYAAAAAAABAAAA7Yl0AAAAcnVuLnNoVVQFAAObBgRrdXgLAAEEAAAAAAQAAAAAUEsBAh4DCgAAAAAAOEt3XQAAAAAAAAAAAAAAAAQAGAAAAAAAAAAQAO1B2AAAAHBrZy9VVAUAA5sGBGt1eAsAAQQAAAAABAAAAABQSwECHgMUAAgACAA4S3ddO4n2iwgAAAAGAAAACQAYAAAAAAABAAAApIEWAQAAcGtnL8OpLnB5VVQFAAObBgRrdXgLAAEEAAAAAAQAAAAAUEsFBgAAAAAEAAQAMgEAAHEBAAAAAA==",
};
const UNPACKED = {
  "main.py": "644 def main(id, config):\n    return 1\n",
  "pkg": "755",
  "pkg/é.py": "644 x = 1\n",
  "run.sh": "755 #!/bin/sh\necho hi\n",
};

for (const [packer, base64] of Object.entries(PACKED)) {
  Deno.test(`ExtractionPool.extract() extracts an archive made by ${packer}`, async () => {
    await using sandbox = await Sandbox.create(Uint8Array.fromBase64(base64));
    const result = await sandbox.extract();
    assert.deepEqual(result, { files: 3, bytes: 59 });
    assert.deepEqual(await sandbox.contents(), UNPACKED);
  });
}

Deno.test("ExtractionPool.extract() extracts an archive made by fflate, empty and large files included", async () => {
  const large = crypto.getRandomValues(new Uint8Array(60_000));
  const content = new Uint8Array(900_000).map((_, index) => large[(index * index) % large.length] ?? 0);
  await using sandbox = await Sandbox.create(zipSync({ "a/large.bin": content, "empty": new Uint8Array() }));
  assert.deepEqual(await sandbox.extract(), { files: 2, bytes: 900_000 });
  assert.deepEqual(await Deno.readFile(`${sandbox.destination}/a/large.bin`), content);
  assert.equal((await Deno.stat(`${sandbox.destination}/empty`)).size, 0);
});

Deno.test("ExtractionPool.extract() extracts ZIP64 archives, empty archives and archives with a comment", async () => {
  const part: ZipPart = { name: "a.py", content: utf8("x\n") };
  const zip64: ZipPart = {
    name: "a.py",
    content: utf8("x\n"),
    size: 0xffffffff,
    compressedSize: 0xffffffff,
    extra: new Uint8Array([1, 0, 16, 0, ...u64(2, 2)]),
  };
  for (
    const archive of [
      buildZip([part], { zip64: true }),
      buildZip([zip64]),
      buildZip([part], { comment: utf8("hi") }),
    ]
  ) {
    await using sandbox = await Sandbox.create(archive);
    assert.deepEqual(await sandbox.extract(), { files: 1, bytes: 2 });
    assert.deepEqual(await sandbox.contents(), { "a.py": "644 x\n" });
  }
  await using sandbox = await Sandbox.create(buildZip([]));
  assert.deepEqual(await sandbox.extract(), { files: 0, bytes: 0 });
});

Deno.test("ExtractionPool.extract() sets modes whatever the umask, drops setuid and closes the destination", async () => {
  await using sandbox = await Sandbox.create(buildZip([
    { name: "tool", content: utf8("x"), mode: 0o106711 },
    { name: "data", content: utf8("x"), mode: 0o107666 },
    { name: "not-unix", content: utf8("x"), mode: 0o100777, madeOn: 0 },
    { name: "d/", mode: 0o041700 },
  ]));
  const umask = Deno.umask(0o077);
  try {
    await sandbox.extract();
  } finally {
    Deno.umask(umask);
  }
  assert.deepEqual(await sandbox.contents(), {
    "tool": "755 x",
    "data": "644 x",
    "not-unix": "644 x",
    "d": "755",
  });
  assert.equal(modeOf(await Deno.stat(sandbox.destination)), "700");
});

Deno.test({
  name: "ExtractionPool.extract() gives everything to the owner",
  ignore: !isRoot,
  async fn() {
    await using sandbox = await Sandbox.create(
      buildZip([{ name: "a/b/main.py", content: utf8("x") }, { name: "c/" }]),
    );
    await sandbox.extract({ owner: { uid: 12345, gid: 54321 } });
    for (const path of ["", "/a", "/a/b", "/a/b/main.py", "/c"]) {
      const { uid, gid } = await Deno.stat(`${sandbox.destination}${path}`);
      assert.deepEqual([path, uid, gid], [path, 12345, 54321]);
    }
  },
});

Deno.test("ExtractionPool.extract() takes an empty folder, and leaves it there when the archive is refused", async () => {
  await using sandbox = await Sandbox.create(
    buildZip([{ name: "a", content: utf8("x") }, { name: "b", content: utf8("x"), crc: 1 }]),
  );
  await Deno.mkdir(sandbox.destination, { mode: 0o755 });
  await assert.rejects(sandbox.extract(), { problem: "crc-mismatch", entry: "b" });
  assert.deepEqual(await sandbox.contents(), {});
  await Deno.writeFile(sandbox.archivePath, SMALL);
  await sandbox.extract();
  assert.equal(modeOf(await Deno.stat(sandbox.destination)), "700");
});

Deno.test("ExtractionPool.extract() rejects a destination where something is, and leaves it alone", async () => {
  await using sandbox = await Sandbox.create(SMALL);
  await Deno.mkdir(sandbox.destination);
  await Deno.writeTextFile(`${sandbox.destination}/mine`, "x");
  await assert.rejects(sandbox.extract(), { code: "archive/destination" });
  assert.deepEqual(await sandbox.contents(), { "mine": "644 x" });
  await Deno.mkdir(`${sandbox.root}/elsewhere`);
  await Deno.symlink(`${sandbox.root}/elsewhere`, `${sandbox.root}/link`);
  await assert.rejects(sandbox.extract({ destination: `${sandbox.root}/link` }), {
    code: "archive/destination",
  });
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${sandbox.root}/elsewhere`)), []);
});

Deno.test("ExtractionPool.extract() rejects with what the disk said, and its cause", async () => {
  await using sandbox = await Sandbox.create(SMALL);
  const missing = await rejection(sandbox.extract({ archivePath: `${sandbox.root}/none.zip` }));
  assert.equal(missing.code, "archive/io");
  assert.match(missing.message, /Cannot read the archive '.*none\.zip'.*No such file/);
  const orphan = await rejection(sandbox.extract({ destination: `${sandbox.root}/none/bot` }));
  assert.equal(orphan.code, "archive/io");
  assert.match(orphan.message, /Cannot create '.*none\/bot'.*No such file/);
  assert.match((orphan.cause as Error).message, /No such file/);
});

Deno.test({
  name: "ExtractionPool.extract() says that the disk is full and removes what it wrote",
  ignore: !isRoot || !(await succeeds("unshare", "--mount", "true")),
  async fn() {
    await using sandbox = await Sandbox.create(
      buildZip([{ name: "a/big.bin", content: new Uint8Array(900_000) }]),
    );
    const disk = `${sandbox.root}/disk`;
    await Deno.mkdir(disk);
    assert(await succeeds("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk));
    try {
      const error = await rejection(sandbox.extract({ destination: `${disk}/bot` }));
      assert.equal(error.code, "archive/io");
      assert.match(error.message, /Cannot write '.*big\.bin'.*The disk .* is full/);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(disk)), []);
    } finally {
      assert(await succeeds("umount", disk));
    }
  },
});

Deno.test("ExtractionPool.extract() holds an archive against each limit", async () => {
  const zeros = (name: string, size: number): ZipPart => ({ name, content: new Uint8Array(size), method: 8 });
  const cases = [
    [[zeros("a", 101)], { maxFileBytes: 100 }, "too-large"],
    [[zeros("a", 60), zeros("b", 60)], { maxTotalBytes: 100 }, "too-large"],
    [[zeros("a", 1), zeros("b", 1), zeros("c", 1)], { maxEntries: 2 }, "too-many-entries"],
    [[zeros("a/b/c/d", 1)], { maxEntries: 3 }, "too-many-entries"],
    [[zeros("a", 101 * MIB)], {}, "ratio"],
    [[zeros("a", 100 * MIB)], {}, undefined],
    [[zeros("a", 2 * MIB)], { ratioFreeBytes: MIB }, "ratio"],
    [[zeros("a", 2 * MIB)], { ratioFreeBytes: MIB, maxRatio: 2000 }, undefined],
    [[zeros("a", MIB)], { ratioFreeBytes: MIB }, undefined],
    [[zeros("a", 100)], { maxFileBytes: 100, maxTotalBytes: 100, maxEntries: 1 }, undefined],
  ] as const;
  for (const [parts, limits, problem] of cases) {
    await using sandbox = await Sandbox.create(buildZip(parts));
    const outcome = await sandbox.extract({ limits }).catch((error) => error);
    assert.equal(
      outcome instanceof InvalidArchiveError ? outcome.problem : undefined,
      problem,
      String(outcome),
    );
  }
});

Deno.test("ExtractionPool.extract() rejects a name that is too long only with its destination", async () => {
  const name = `${"d".repeat(250)}/`.repeat(16) + "x".repeat(4094 - 16 * 251);
  await using sandbox = await Sandbox.create(buildZip([{ name }]));
  await assert.rejects(sandbox.extract(), {
    problem: "bad-name",
    message: /bytes with its destination, more than 4095/,
  });
  assert.deepEqual(await sandbox.names(), ["archive.zip"]);
});

Deno.test("ExtractionPool.extract() names what is in an archive that lacks the script", async () => {
  const wrapped = ["mybot/", "mybot/main.py", "__MACOSX/mybot/._main.py"].map((name): ZipPart => ({ name }));
  await using sandbox = await Sandbox.create(buildZip(wrapped));
  const error = await rejection(sandbox.extract({ requiredFiles: ["main.py"] }));
  assert(error instanceof InvalidArchiveError);
  assert.deepEqual([error.problem, error.entry], ["missing-script", "main.py"]);
  assert.match(
    error.message,
    /'mybot\/main\.py'.*everything inside 'mybot\/': zip the folder's content, not the folder/,
  );
  await Deno.writeFile(sandbox.archivePath, buildZip("abcdefgh".split("").map((name) => ({ name }))));
  const other = await rejection(sandbox.extract({ requiredFiles: ["a", "main.py"] }));
  assert.match(other.message, /lacks the file 'main\.py'.*'a', 'b', 'c', 'd', 'e' and 3 more/);
  await Deno.writeFile(sandbox.archivePath, buildZip([{ name: "main.py/" }]));
  await assert.rejects(sandbox.extract({ requiredFiles: ["main.py"] }), { problem: "missing-script" });
  await Deno.writeFile(sandbox.archivePath, buildZip([{ name: "main.py" }]));
  await sandbox.extract({ requiredFiles: ["main.py"] });
});

Deno.test("ExtractionPool.extract() stops when aborted, removes what it wrote and goes on working", async () => {
  await using sandbox = await Sandbox.create(endlessArchive());
  const abort = new AbortController();
  const running = rejection(sandbox.extract({ limits: ENDLESS }, abort.signal));
  await until("a first file", () => exists(`${sandbox.destination}/0.bin`));
  const aborted = performance.now();
  abort.abort(new Error("enough"));
  assert.equal((await running).message, "enough");
  assert(performance.now() - aborted < 10_000, "it went on until its end");
  assert(!await exists(sandbox.destination));
  await Deno.writeFile(sandbox.archivePath, SMALL);
  assert.deepEqual(await sandbox.extract(), { files: 1, bytes: 6 });
});

Deno.test("ExtractionPool.extract() rejects at once when aborted before it starts", async () => {
  await using sandbox = await Sandbox.create(endlessArchive());
  await assert.rejects(sandbox.extract({}, AbortSignal.abort(new Error("too late"))), {
    message: "too late",
  });
  const abort = new AbortController();
  const first = rejection(sandbox.extract({ limits: ENDLESS }, abort.signal));
  await until("a first file", () => exists(`${sandbox.destination}/0.bin`));
  const queued = new AbortController();
  const second = rejection(
    sandbox.extract({ limits: ENDLESS, destination: `${sandbox.root}/second` }, queued.signal),
  );
  await pause(20, "it comes to wait behind the first one; before, the outcome is the same");
  queued.abort(new Error("not needed"));
  assert.equal((await second).message, "not needed");
  assert(await exists(sandbox.destination), "the first one still runs");
  abort.abort();
  await first;
});

Deno.test("ExtractionPool.extract() lets a small archive pass huge ones", async () => {
  const never = `self.onmessage = async ({ data: { task: { options }, shared } }) => {
    Deno.writeTextFileSync(options.destination + ".started", "");
    const words = new Int32Array(shared);
    while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    self.postMessage({ kind: "stopped" });
  }`;
  await using sandbox = await Sandbox.create(endlessArchive(), { workers: [never] });
  const small = `${sandbox.root}/small.zip`;
  await Deno.writeFile(small, SMALL);
  const abort = new AbortController();
  let ended = 0;
  const start = (name: string) =>
    sandbox.extract({ destination: `${sandbox.root}/${name}`, limits: ENDLESS }, abort.signal)
      .catch(() => {}).finally(() => ended++);
  const huge = [start("a")];
  await until("the worker's start", () => exists(`${sandbox.root}/a.started`));
  huge.push(start("b"), start("c"));
  await sandbox.extract({ archivePath: small });
  assert.equal(ended, 0);
  abort.abort();
  await Promise.all(huge);
  assert.deepEqual(await sandbox.names(), ["a.started", "archive.zip", "bot", "small.zip"]);
});

Deno.test("ExtractionPool.extract() runs many at once", async () => {
  await using sandbox = await Sandbox.create(SMALL);
  const destinations = Array.from({ length: 20 }, (_, index) => `${sandbox.root}/bot-${index}`);
  await Promise.all(destinations.map((destination) => sandbox.extract({ destination })));
  for (const destination of destinations) {
    assert.equal(await Deno.readTextFile(`${destination}/main.py`), "x = 1\n");
  }
});

Deno.test("ExtractionPool rejects what runs when disposed of, removes it, and refuses more", async () => {
  await using sandbox = await Sandbox.create(endlessArchive());
  const running = rejection(sandbox.extract({ limits: ENDLESS }));
  await until("a first file", () => exists(`${sandbox.destination}/0.bin`));
  await sandbox.extractor[Symbol.asyncDispose]();
  assert.equal((await running).code, "archive/closed");
  assert(!await exists(sandbox.destination));
  await assert.rejects(sandbox.extract(), { code: "archive/closed" });
  await sandbox.extractor[Symbol.asyncDispose]();
});

Deno.test("ExtractionPool.extract() rejects when its worker crashes, removes what it wrote, and starts another", async () => {
  const crash = `self.onmessage = ({ data: { task: { options } } }) => {
    Deno.mkdirSync(options.destination);
    Deno.writeTextFileSync(options.destination + "/half", "x");
    self.postMessage({ kind: "started", isCreated: true });
    throw new Error("boom");
  }`;
  await using sandbox = await Sandbox.create(SMALL, { workers: [crash] });
  const error = await rejection(sandbox.extract());
  assert.equal(error.code, "archive/worker");
  assert.match(error.message, /worker was lost \(.*boom/);
  assert(!await exists(sandbox.destination));
  assert.deepEqual(await sandbox.extract(), { files: 1, bytes: 6 });
});

Deno.test("ExtractionPool.extract() leaves alone what was there when its worker crashes early", async () => {
  await using sandbox = await Sandbox.create(SMALL, { workers: [`throw new Error("cannot load")`] });
  await Deno.mkdir(sandbox.destination);
  await Deno.writeTextFile(`${sandbox.destination}/mine`, "x");
  await assert.rejects(sandbox.extract(), { code: "archive/worker", message: /cannot load/ });
  assert.deepEqual(await sandbox.contents(), { "mine": "644 x" });
});

Deno.test("ExtractionPool.warmUp() starts workers that extractions then use, and replaces one that has failed", async () => {
  const broken = `throw new Error("cannot load")`;
  await using sandbox = await Sandbox.create(SMALL, { workers: [broken] });
  const { extractor, started } = sandbox;
  extractor.warmUp();
  assert.equal(started.length, 2, "one for each kind of archive");
  await new Promise((resolve) => started[0]!.addEventListener("error", resolve));
  extractor.warmUp();
  assert.equal(started.length, 3);
  assert.deepEqual(await sandbox.extract(), { files: 1, bytes: 6 });
  assert.equal(started.length, 3);
  await extractor[Symbol.asyncDispose]();
  extractor.warmUp();
  assert.equal(started.length, 3);
});

Deno.test("ExtractionPool ends workers that have nothing to do, and starts others when there is something", async () => {
  await using sandbox = await Sandbox.create(SMALL, { workers: [], idleMs: 1 });
  const { extractor, started } = sandbox;
  const ended = new Set<Worker>();
  const untilEnded = async (count: number) => {
    await until(`the end of ${count}`, () => ended.size >= count);
  };
  const follow = () => {
    for (const worker of started) {
      const terminate = worker.terminate.bind(worker);
      worker.terminate = () => (ended.add(worker), terminate());
    }
  };
  extractor.warmUp();
  follow();
  await untilEnded(2);
  assert.deepEqual(await sandbox.extract(), { files: 1, bytes: 6 });
  assert.equal(started.length, 3);
  follow();
  await untilEnded(3);
});

Deno.test("ExtractionPool.extract() gives up a worker that does not move", async () => {
  await using sandbox = await Sandbox.create(SMALL, { workers: ["self.onmessage = () => {}"], stallMs: 20 });
  await assert.rejects(sandbox.extract(), { code: "archive/worker", message: /made no progress for 20 ms/ });
});

Deno.test("ExtractionPool needs no permission beyond its folders and code, and lets the process end", async () => {
  await using sandbox = await Sandbox.create(SMALL);
  const lib = new URL("../../lib/", import.meta.url);
  const script = `${sandbox.root}/script.ts`;
  const options = { archivePath: sandbox.archivePath, destination: sandbox.destination };
  await Deno.writeTextFile(
    script,
    `import { ExtractionPool } from "${lib}archive/extraction_pool.ts";
     await using extractor = new ExtractionPool();
     console.log((await extractor.extract(${JSON.stringify(options)})).files);`,
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      `--allow-read=${sandbox.root},${lib.pathname}`,
      `--allow-write=${sandbox.root}`,
      script,
    ],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "1\n", new TextDecoder().decode(stderr));
});

/** A folder with an archive in it, an extractor, and a place to extract to. All of it goes at the end. */
class Sandbox implements AsyncDisposable {
  private constructor(
    readonly root: string,
    readonly extractor: ExtractionPool,
    /** Workers that were started, where a fault is wanted. */
    readonly started: readonly Worker[],
  ) {}

  static async create(
    archive: Uint8Array,
    fault?: { workers: string[]; stallMs?: number; idleMs?: number },
  ): Promise<Sandbox> {
    const root = await Deno.makeTempDir({ prefix: "berth-archive-" });
    await Deno.writeFile(`${root}/archive.zip`, archive);
    const started: Worker[] = [];
    const scripts = [...fault?.workers ?? []];
    const real = new URL("../../lib/archive/extraction_thread.ts", import.meta.url);
    const createWorker = (): Worker => {
      const script = scripts.shift();
      const url = script === undefined ? real : `data:text/javascript,${encodeURIComponent(script)}`;
      const worker = new Worker(url, { type: "module" });
      started.push(worker);
      return worker;
    };
    const extractor = new ExtractionPool(
      fault && {
        createWorker,
        ...(fault.stallMs === undefined ? {} : { stallMs: fault.stallMs }),
        ...(fault.idleMs === undefined ? {} : { idleMs: fault.idleMs }),
      },
    );
    return new Sandbox(root, extractor, started);
  }

  get archivePath(): string {
    return `${this.root}/archive.zip`;
  }

  get destination(): string {
    return `${this.root}/bot`;
  }

  extract(
    options: Partial<ExtractArchiveOptions> = {},
    signal?: AbortSignal,
  ): Promise<{ files: number; bytes: number }> {
    return this.extractor.extract(
      { archivePath: this.archivePath, destination: this.destination, ...options },
      signal && { signal },
    );
  }

  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.root), ({ name }) => name)).sort();
  }

  /** Every file with its mode and text, every folder with its mode. */
  async contents(prefix = ""): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const { name, isDirectory } of Deno.readDir(`${this.destination}/${prefix}`)) {
      const path = `${this.destination}/${prefix}${name}`;
      const mode = modeOf(await Deno.lstat(path));
      found[prefix + name] = isDirectory ? mode : `${mode} ${await Deno.readTextFile(path)}`;
      if (isDirectory) Object.assign(found, await this.contents(`${prefix}${name}/`));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.extractor[Symbol.asyncDispose]();
    await Deno.remove(this.root, { recursive: true });
  }
}

/** A large archive (9 MiB) that takes far longer to extract (9 GiB) than any test waits. */
function endlessArchive(): Uint8Array {
  endless ??= (() => {
    const content = new Uint8Array(200 * MIB);
    const part = { data: deflateSync(content), size: content.length, crc: crc32(content), method: 8 };
    return buildZip(Array.from({ length: 48 }, (_, index) => ({ ...part, name: `${index}.bin` })));
  })();
  return endless;
}

async function rejection(promise: Promise<unknown>): Promise<BerthError> {
  try {
    await promise;
  } catch (error) {
    return error as BerthError;
  }
  throw new Error("It was not rejected.");
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  return await new Deno.Command(command, { args, stderr: "null" }).output().then(
    ({ success }) => success,
    () => false,
  );
}

function modeOf({ mode }: Deno.FileInfo): string {
  return ((mode ?? 0) & 0o7777).toString(8);
}
