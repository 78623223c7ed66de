/**
 * Measures the search of stored logs, 1 GB of 50 bots in a folder, beside `grep -r` over the same files in the same run.
 * Run with `deno run -A tests/bench/log_search_bench.ts`.
 *
 * @module
 */

import { join } from "node:path";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import type { LinePattern } from "../../lib/logs/line_matcher.ts";
import { LogSearch } from "../../lib/logs/log_search.ts";

const BUCKET = "bot-logs";
const BOTS = 50;
const DAYS = 4;
const LOG_BYTES = 5 * 1024 ** 2;
const ROUNDS = 5;
/** A rare string, and an expression with many matches. */
const PATTERNS: readonly { readonly pattern: LinePattern; readonly grep: readonly string[] }[] = [
  { pattern: { text: "liquidation of account" }, grep: ["-F", "liquidation of account"] },
  { pattern: { regex: "latency 31[0-9] ms" }, grep: ["-E", "latency 31[0-9] ms"] },
  { pattern: { regex: "[a-z]+ 99[0-9]{2} ms" }, grep: ["-E", "[a-z]+ 99[0-9]{2} ms"] },
];

const folder = await Deno.makeTempDir({ prefix: "berth-bench-" });
try {
  await writeLogs(join(folder, BUCKET, "logs"));
  using search = new LogSearch({ store: new FolderObjectStore(folder), bucket: BUCKET });
  const bytes = BOTS * DAYS * LOG_BYTES;
  for (const { pattern, grep } of PATTERNS) {
    const ours: Measure[] = [];
    const theirs: Measure[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await measureSearch(search, pattern));
      theirs.push(await measureGrep(grep));
    }
    const [own, other] = [median(ours), median(theirs)];
    if (own.lines !== other.lines) throw new Error(`${own.lines} lines found, and ${other.lines} by grep`);
    console.log(
      `${JSON.stringify(pattern)}: ${own.lines} lines in ${own.ms.toFixed(0)} ms ` +
        `(${(bytes / own.ms / 1000).toFixed(0)} MB/s), the first after ${own.firstMs.toFixed(0)} ms; ` +
        `grep -r ${other.ms.toFixed(0)} ms: ${(other.ms / own.ms).toFixed(2)} × its speed; ` +
        `longest pause of the event loop ${own.pauseMs.toFixed(0)} ms`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

interface Measure {
  readonly ms: number;
  readonly lines: number;
  readonly firstMs: number;
  readonly pauseMs: number;
}

async function measureSearch(search: LogSearch, pattern: LinePattern): Promise<Measure> {
  let lines = 0;
  let firstMs = 0;
  let pauseMs = 0;
  const begin = performance.now();
  let last = begin;
  const pulse = setInterval(() => {
    pauseMs = Math.max(pauseMs, performance.now() - last);
    last = performance.now();
  }, 1);
  const hits = search.search({ ...pattern, limit: Infinity, budgetMs: 60_000 });
  for (let next = await hits.next(); !next.done; next = await hits.next()) {
    firstMs ||= performance.now() - begin;
    lines += next.value.length;
  }
  clearInterval(pulse);
  return { ms: performance.now() - begin, lines, firstMs, pauseMs };
}

async function measureGrep(args: readonly string[]): Promise<Measure> {
  const begin = performance.now();
  // To a pipe: into /dev/null, it stops at the first match.
  const grep = new Deno.Command("grep", {
    args: ["-r", ...args, join(folder, BUCKET)],
    env: { LC_ALL: "C.UTF-8" },
  });
  const { stdout } = await grep.output();
  const ms = performance.now() - begin;
  let lines = 0;
  for (const byte of stdout) if (byte === 0x0a) lines++;
  return { ms, lines, firstMs: ms, pauseMs: 0 };
}

function median(all: readonly Measure[]): Measure {
  return all.toSorted((a, b) => a.ms - b.ms)[Math.floor(all.length / 2)]!;
}

/** Writes lines as bots print them: most are plain, one in twenty is a metric. */
async function writeLogs(logs: string): Promise<void> {
  const encoder = new TextEncoder();
  for (let day = 0; day < DAYS; day++) {
    const bytes = encoder.encode(logOf(day));
    for (let bot = 0; bot < BOTS; bot++) {
      const path = join(logs, `bot-${bot}`);
      await Deno.mkdir(path, { recursive: true });
      await Deno.writeFile(join(path, `2026011${day}.log`), bytes);
    }
  }
}

function logOf(day: number): string {
  const lines: string[] = [];
  for (let n = 0, length = 0; length < LOG_BYTES; n++) {
    const time = new Date(Date.UTC(2026, 0, 10 + day) + n * 2000).toISOString().slice(0, -1) + "123456Z";
    const line = n % 20 === 0
      ? `{"stream":"stdout","timestamp":"${time}","_metric":"price","value":${97_000 + n % 1000}.5}\n`
      : `{"timestamp":"${time}","stream":"stdout","message":"order ${n} BTC-USD filled at ${
        97_000 + n % 977
      }.25 ` +
        `qty 0.0${n % 97}, latency ${n % 311 + 1} ms${
          n % 20_011 === 7 ? ", liquidation of account 7" : ""
        }"}\n`;
    length += line.length;
    lines.push(length > LOG_BYTES ? "" : line);
  }
  return lines.join("");
}
