import assert from "node:assert/strict";
import type { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import type { LogCollectorOptions } from "../../lib/logs/log_collector.ts";
import { parseStoredLine } from "../../lib/logs/line_format.ts";
import { storedLines } from "../support/builders/stored_lines.ts";
import { CollectorFixture } from "../support/fixtures/collector_fixture.ts";
import { fullOrShort } from "../support/full_or_short.ts";

const MIB = 1024 ** 2;
const LINE_BYTES = 100;
const BLOCK_LINES = 640;
/** The default limits of a bot's log. */
const LOGS = { maxSizeBytes: 10 * MIB, maxFiles: 3 };

/** Prints numbered lines on both outputs, as fast as they are taken. @param blocks How many blocks on each. */
const burstOf = (blocks: number) => `
import os
pad = b"x" * ${LINE_BYTES - 12}
for begin in range(0, ${blocks * BLOCK_LINES}, ${BLOCK_LINES}):
    block = b"".join(b"%010d %s\\n" % (i, pad) for i in range(begin, begin + ${BLOCK_LINES}))
    os.write(1, block)
    os.write(2, block)
`;
import { until } from "../support/until.ts";
const blocksOf = (megabytes: number) => Math.round(megabytes * 1e6 / (2 * BLOCK_LINES * LINE_BYTES));

const openBurst = (options: Partial<LogCollectorOptions> = {}) =>
  CollectorFixture.open({ spool: LOGS, intervalMs: 30_000, ...options });

const startBurst = ({ start }: CollectorFixture, program: string, id = "bot") =>
  start(id, program, { logs: LOGS }, { isNew: true });

/**
 * Reads the stored log: how many lines of each output follow each other by number, where they do not, and Berth's own
 * lines.
 */
async function readStored(store: FolderObjectStore, id = "bot") {
  const next = { stdout: 0, stderr: 0 };
  const lines = { stdout: 0, stderr: 0 };
  const breaks: string[] = [];
  const words: string[] = [];
  const take = (line: string) => {
    const { stream, text } = parseStoredLine(line)!;
    if (stream === "berth") {
      words.push(text);
      return;
    }
    const number = parseInt(text);
    if (Number.isNaN(number)) return;
    if (number !== next[stream]) breaks.push(`${stream}: ${number} after ${next[stream] - 1}`);
    next[stream] = number + 1;
    lines[stream]++;
  };
  for await (const { key } of store.list("bot-logs", `logs/${id}/`)) {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of (await store.get("bot-logs", key)).body) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop()!;
      parts.forEach(take);
    }
  }
  return { next, lines, breaks, words };
}

/** Each output is whole and in order, or Berth says how many lines are missing. */
function assertTold({ lines, breaks, words }: Awaited<ReturnType<typeof readStored>>, count: number) {
  const lost = 2 * count - lines.stdout - lines.stderr;
  if (breaks.length === 0 && lost === 0) return;
  assert.ok(words.length > 0, `${lost} lines are lost in silence: ${breaks}`);
  let told = 0;
  let isExact = true;
  for (const text of words) {
    // Nobody knows how many lines were dropped before the first reading.
    if (text.includes(" may be lost, ")) {
      isExact = false;
      continue;
    }
    const [, least, number] =
      /^(at least )?(?:(\d+) )?lines printed between \S+ and \S+ are lost/.exec(text) ??
        assert.fail(text);
    told += Number(number ?? 0);
    isExact &&= !least && number !== undefined;
  }
  assert.ok(told <= lost && (!isExact || told === lost), `${told} lines are told of, ${lost} lost: ${words}`);
}

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
