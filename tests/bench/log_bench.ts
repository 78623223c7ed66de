/**
 * Storing logs, against the engine's own client: the time to store a million lines beside that of `docker logs`
 * into a file, in turns, and how much memory that takes. `deno task bench` runs it with the V8 flags of `deno task start`:
 * without them, V8 gives new objects room that the service does not have.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LogCollector } from "../../lib/logs/log_collector.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";

const LINES = Number(Deno.env.get("BERTH_BENCH_LINES") || 1_000_000);
const FORMAT = Deno.env.get("LOG_FORMAT") === "text" ? "text" : "ndjson";
const ROUNDS = 5;
/** Lines of a first reading, which loads and compiles the code: that is no growth. */
const WARM_UP_LINES = 20_000;
const programOf = (lines: number) => `
import sys
for i in range(0, ${lines}, 1000):
    sys.stdout.write("".join(f"{j:010d} " + "x" * 88 + "\\n" for j in range(i, i + 1000)))
`;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

await using engine = await EngineFixture.open();
const folder = await Deno.makeTempDir({ prefix: "berth-bench-" });
try {
  const logs = { maxSizeBytes: 1024 ** 3, maxFiles: 2 };
  const print = async (lines: number) => {
    const spec = engine.spec(["python3", "-c", programOf(lines)], { logs });
    const { id: containerId, createdAt } = await engine.orchestrator.createAndStart(spec);
    await engine.orchestrator.wait(containerId);
    return { containerId, createdAt, id: "bot" };
  };
  /** Stores a log. @returns How long it took in ms, and the largest RSS meanwhile. */
  const store = async (container: Awaited<ReturnType<typeof print>>, lines: number) => {
    const store = new FolderObjectStore(`${folder}/objects`);
    await using collector = new LogCollector({
      orchestrator: engine.orchestrator,
      store,
      bucket: "bot-logs",
      format: FORMAT,
    });
    let rss = 0;
    const timer = setInterval(() => rss = Math.max(rss, Deno.memoryUsage().rss), 10);
    const ms = await timed(() => collector.stop(container));
    clearInterval(timer);
    let bytes = 0;
    for await (const { size } of store.list("bot-logs", "logs/bot/")) bytes += size;
    assert.equal(bytes, lines * (FORMAT === "text" ? 100 + 22 : 100 + 77));
    await Deno.remove(`${folder}/objects`, { recursive: true });
    return { ms, rss };
  };
  const short = await print(WARM_UP_LINES);
  const long = await print(LINES);
  for (let round = 0; round < ROUNDS; round++) await store(short, WARM_UP_LINES);
  const client: number[] = [];
  const own: number[] = [];
  const growth: number[] = [];
  const { rss: before } = Deno.memoryUsage();
  for (let round = 0; round < ROUNDS; round++) {
    const command = new Deno.Command("sh", {
      args: ["-c", 'docker logs "$0" > "$1"', long.containerId, `${folder}/client`],
    });
    client.push(await timed(() => command.output()));
    const { ms, rss } = await store(long, LINES);
    own.push(ms);
    growth.push(rss - before);
  }
  const ratio = median(client) / median(own);
  console.log(
    `docker logs > file   ${median(client).toFixed(0)} ms for ${LINES} lines (median of ${ROUNDS})`,
  );
  console.log(
    `stored by Berth      ${median(own).toFixed(0)} ms, ${ratio.toFixed(2)} x its rate (at least 0.8)`,
  );
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  console.log(
    `RSS                  ${megabytes(growth[0]!)} MB more than before (under 32); ` +
      `${megabytes(Math.max(...growth))} MB after ${ROUNDS} times`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}
