import assert from "node:assert/strict";
import { storedLines } from "../support/builders/stored_lines.ts";
import {
  assertTold,
  BLOCK_LINES,
  blocksOf,
  burstOf,
  openBurst,
  readStored,
  startBurst,
} from "../support/fixtures/burst.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { until } from "../support/until.ts";

for (
  const [what, isDown, bytesPerSecond] of [
    ["refuses what it is given", true, Infinity],
    ["does not answer", false, 1],
  ] as const
) {
  Deno.test(`a bot prints and ends while the store ${what}, and the log says that lines are lost`, async () => {
    const blocks = blocksOf(fullOrShort(60, 45));
    await using test = await openBurst({ intervalMs: 200 });
    const wait = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})\n" +
      "print('ready', flush=True)\nsignal.sigwait({signal.SIGHUP})\n";
    const container = await startBurst(test, wait + burstOf(blocks));
    await until("its first line", async () => (await storedLines(test.store, "bot")).length === 1);
    Object.assign(test.store, { isDown, bytesPerSecond });
    await test.engine.docker.getContainer(container.containerId).kill({ signal: "SIGHUP" });
    const { exitCode } = await test.engine.orchestrator.wait(container.containerId);
    assert.equal(exitCode, 0);
    test.store.recover();
    await test.collector.stop(container);
    const stored = await readStored(test.store);
    assert.equal(stored.next.stdout, blocks * BLOCK_LINES);
    assert.ok(stored.words.length > 0);
    assertTold(stored, blocks * BLOCK_LINES);
  });
}

Deno.test("a collector that is not to block never attaches, and says what is lost", async () => {
  const blocks = blocksOf(fullOrShort(60, 45));
  await using test = await openBurst({ mode: "non-blocking" });
  test.store.bytesPerSecond = 8e6;
  let attached = 0;
  const { orchestrator } = test.engine;
  const attach = orchestrator.attach.bind(orchestrator);
  orchestrator.attach = (...args) => {
    attached++;
    return attach(...args);
  };
  const container = await startBurst(test, burstOf(blocks));
  await orchestrator.wait(container.containerId);
  await test.collector.stop(container);
  assert.equal(attached, 0);
  assertTold(await readStored(test.store), blocks * BLOCK_LINES);
});
