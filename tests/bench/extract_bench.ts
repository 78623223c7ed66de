/**
 * Measures extraction: the stall of the event loop and the memory that a large archive costs, and how long a small
 * one takes once the worker is warm. Run with `deno run -A tests/bench/extract_bench.ts`.
 *
 * @module
 */
import { Zip, ZipDeflate, zipSync } from "fflate";
import { ExtractionPool } from "../../lib/archive/extraction_pool.ts";
import { pause } from "../support/until.ts";

const FILES = 20_000;
const FILE_BYTES = 5_300;
const SMALL_RUNS = 50;
const TICK_MS = 5;
const MIB = 1024 ** 2;

/** Observations of the event loop and the memory over a while. */
interface Watched {
  readonly maxGapMs: number;
  readonly peakRssBytes: number;
}

if (Deno.args[0] === "make") {
  await writeLargeArchive(Deno.args[1] ?? "large.zip");
} else {
  const folder = await Deno.makeTempDir({ prefix: "berth-extract-bench-" });
  try {
    await using extractor = new ExtractionPool();
    const small = `${folder}/small.zip`;
    await Deno.writeFile(small, smallArchive());
    await extractor.extract({ archivePath: small, destination: `${folder}/warm-up` });
    await measureSmall(extractor, small, folder);
    await measureLarge(extractor, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureSmall(extractor: ExtractionPool, archivePath: string, folder: string): Promise<void> {
  const times: number[] = [];
  const rawTimes: number[] = [];
  for (let run = 0; run < SMALL_RUNS; run++) {
    const begin = performance.now();
    await extractor.extract({ archivePath, destination: `${folder}/small-${run}` });
    const extracted = performance.now();
    writeSameFiles(`${folder}/raw-${run}`);
    times.push(extracted - begin);
    rawTimes.push(performance.now() - extracted);
  }
  console.log(
    `small archive (3 files, 20 KB), warm: median ${median(times)} ms, worst ${
      Math.max(...times).toFixed(2)
    } ms; ` +
      `writing the same files without an archive: median ${median(rawTimes)} ms`,
  );
}

function writeSameFiles(folder: string): void {
  Deno.mkdirSync(`${folder}/lib`, { recursive: true });
  for (const name of ["main.py", "lib/prices.py", "lib/signals.py"]) {
    Deno.writeFileSync(`${folder}/${name}`, source());
  }
}

function median(times: readonly number[]): string {
  return (times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN).toFixed(2);
}

async function measureLarge(extractor: ExtractionPool, folder: string): Promise<void> {
  const archivePath = `${folder}/large.zip`;
  await makeElsewhere(archivePath);
  const { size } = await Deno.stat(archivePath);
  await pause(1_000, "memory settles");
  const idle = Deno.memoryUsage().rss;
  const stopWatching = watch();
  const begin = performance.now();
  const { files, bytes } = await extractor.extract({ archivePath, destination: `${folder}/large` });
  const seconds = (performance.now() - begin) / 1000;
  const { maxGapMs, peakRssBytes } = stopWatching();
  console.log(
    `large archive (${mib(size)} MiB, ${files} files, ${mib(bytes)} MiB extracted): ${
      seconds.toFixed(1)
    } s, ` +
      `largest event loop gap ${maxGapMs.toFixed(1)} ms, peak RSS ${
        mib(peakRssBytes - idle)
      } MiB above idle (${mib(idle)} MiB)`,
  );
}

function watch(): () => Watched {
  let last = performance.now();
  let maxGapMs = 0;
  let peakRssBytes = 0;
  const look = () => {
    const now = performance.now();
    maxGapMs = Math.max(maxGapMs, now - last);
    last = now;
    peakRssBytes = Math.max(peakRssBytes, Deno.memoryUsage().rss);
  };
  const timer = setInterval(look, TICK_MS);
  return () => {
    clearInterval(timer);
    look();
    return { maxGapMs, peakRssBytes };
  };
}

function smallArchive(): Uint8Array {
  return zipSync({ "main.py": source(), "lib/prices.py": source(), "lib/signals.py": source() });
}

function source(): Uint8Array {
  const lines = Array.from(
    { length: 180 },
    (_, index) => `def f${index}(x):\n    return x + ${index * 7919}\n`,
  );
  return new TextEncoder().encode(lines.join(""));
}

/** In another process: what making the archive takes must not count as this one's idle memory. */
async function makeElsewhere(path: string): Promise<void> {
  const script = new URL(import.meta.url).pathname;
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, "make", path] })
    .output();
  if (!success) throw new Error(`Cannot make the archive '${path}'.`);
}

async function writeLargeArchive(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    for (let done = 0; done < chunk.length;) done += file.writeSync(chunk.subarray(done));
  });
  const content = new Uint8Array(FILE_BYTES);
  for (let index = 0; index < FILES; index++) {
    crypto.getRandomValues(content);
    const entry = new ZipDeflate(`package-${index % 200}/module-${index}.bin`, { level: 1 });
    zip.add(entry);
    entry.push(content, true);
  }
  zip.end();
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
