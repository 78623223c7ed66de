/**
 * Storing logs, against the engine's own client: the time to store a million lines beside that of `docker logs`
 * into a file, in turns, and how much memory that takes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LogCollector } from "../../lib/log_collector.ts";
import { FolderObjectStore } from "../../lib/folder_object_store.ts";
import { openEngine } from "../engine/engine_support.ts";

const LINES = Number(Deno.env.get("BERTH_BENCH_LINES") || 1_000_000);
const ROUNDS = 5;
const PROGRAM = `
import sys
for i in range(0, ${LINES}, 1000):
    sys.stdout.write("".join(f"{j:010d} " + "x" * 88 + "\\n" for j in range(i, i + 1000)))
`;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

await using engine = openEngine();
const folder = await Deno.makeTempDir({ prefix: "berth-bench-" });
try {
  const logs = { maxSizeBytes: 1024 ** 3, maxFiles: 2 };
  const spec = engine.spec(["python3", "-c", PROGRAM], { logs });
  const { id: containerId, createdAt } = await engine.orchestrator.createAndStart(spec);
  await engine.orchestrator.wait(containerId);
  const client: number[] = [];
  const own: number[] = [];
  let firstRss = 0;
  let rss = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const clientMs = await timed(() =>
      new Deno.Command("sh", { args: ["-c", 'docker logs "$0" > "$1"', containerId, `${folder}/client`] })
        .output()
    );
    const store = new FolderObjectStore(`${folder}/objects-${round}`);
    await using collector = new LogCollector({
      orchestrator: engine.orchestrator,
      store,
      bucket: "bot-logs",
    });
    const timer = setInterval(() => rss = Math.max(rss, Deno.memoryUsage().rss), 10);
    const ownMs = await timed(() => collector.stop({ containerId, id: "bot", createdAt }));
    clearInterval(timer);
    let bytes = 0;
    for await (const { size } of store.list("bot-logs", "logs/bot/")) bytes += size;
    assert.equal(bytes, LINES * (100 + 26));
    await Deno.remove(`${folder}/objects-${round}`, { recursive: true });
    // The first round loads and compiles; what it needs is no growth.
    if (round === 0) {
      firstRss = rss;
      continue;
    }
    client.push(clientMs);
    own.push(ownMs);
  }
  const ratio = median(client) / median(own);
  console.log(
    `docker logs > file   ${median(client).toFixed(0)} ms for ${LINES} lines (median of ${ROUNDS})`,
  );
  console.log(
    `stored by Berth      ${median(own).toFixed(0)} ms, ${ratio.toFixed(2)} x its rate (at least 0.8)`,
  );
  console.log(
    `RSS                  ${
      ((rss - firstRss) / 1e6).toFixed(0)
    } MB more than after the first round (under 32)`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}
