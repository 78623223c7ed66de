import assert from "node:assert/strict";
import {
  BLOCK_LINES,
  blocksOf,
  burstOf,
  openBurst,
  readStored,
  startBurst,
} from "../support/fixtures/burst.ts";
import { fullOrShort } from "../support/full_or_short.ts";

const MIB = 1024 ** 2;

Deno.test("a burst of more than the engine keeps is slowed down to what a slow store takes: no line is lost, doubled or out of order", async () => {
  const blocks = blocksOf(fullOrShort(200, 60));
  const count = blocks * BLOCK_LINES;
  await using test = await openBurst();
  test.store.bytesPerSecond = 8e6;
  const before = Deno.memoryUsage().rss;
  let rss = 0;
  const timer = setInterval(() => rss = Math.max(rss, Deno.memoryUsage().rss), 50);
  const container = await startBurst(test, burstOf(blocks));
  const { exitCode } = await test.engine.orchestrator.wait(container.containerId);
  await test.collector.stop(container);
  clearInterval(timer);
  assert.equal(exitCode, 0);
  const { lines, breaks, words } = await readStored(test.store);
  assert.deepEqual({ lines, breaks, words }, {
    lines: { stdout: count, stderr: count },
    breaks: [],
    words: [],
  });
  assert.ok(rss - before < 150 * MIB, `${(rss - before) / MIB} MiB more memory`);
});

Deno.test({
  name: "more bots than are stored at a time burst together, and no line is lost",
  ignore: fullOrShort(false, true),
  fn: async () => {
    const blocks = blocksOf(40);
    const count = blocks * BLOCK_LINES;
    await using test = await openBurst();
    test.store.bytesPerSecond = 2e6;
    await Promise.all(Array.from({ length: 6 }, async (_, n) => {
      const id = `bot-${n}`;
      const container = await startBurst(test, burstOf(blocks), id);
      await test.engine.orchestrator.wait(container.containerId);
      await test.collector.stop(container);
      const { lines, breaks } = await readStored(test.store, id);
      assert.deepEqual({ lines, breaks }, { lines: { stdout: count, stderr: count }, breaks: [] });
    }));
  },
});
