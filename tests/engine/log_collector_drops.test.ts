import assert from "node:assert/strict";
import { DroppedLineCounter } from "../../lib/logs/dropped_line_counter.ts";
import { assertNumbered, storedLines } from "../support/builders/stored_lines.ts";
import { CollectorFixture } from "../support/fixtures/collector_fixture.ts";
import { until } from "../support/until.ts";

Deno.test("when the engine drops lines while the store is down, the log says exactly how many", async () => {
  const logs = { maxSizeBytes: 1024 ** 2, maxFiles: 3 };
  const [first, more, times] = [10, 6000, 5];
  await using test = await CollectorFixture.open({ spool: logs, urgentBytes: logs.maxSizeBytes / 8 });
  const { orchestrator, docker } = test.engine;
  let [lastRead, lastCounted] = [-1, -1];
  const read = orchestrator.readLog.bind(orchestrator);
  orchestrator.readLog = async function* (container, options) {
    for await (const entries of read(container, options)) {
      if (!options?.follow) lastRead = parseInt(new TextDecoder().decode(entries.at(-1)!.content));
      yield entries;
    }
  };
  // An attempt to store reads the same lines without counting them.
  const { count } = DroppedLineCounter.prototype;
  using _restored = { [Symbol.dispose]: () => void (DroppedLineCounter.prototype.count = count) };
  DroppedLineCounter.prototype.count = async function (options) {
    await count.call(this, options);
    lastCounted = lastRead;
  };
  const program = `
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
printed = 0
def say(count):
    global printed
    sys.stdout.write("".join(f"{i:010d} {'x' * 88}\\n" for i in range(printed, printed + count)))
    sys.stdout.flush()
    printed += count
say(${first})
while True:
    signal.sigwait({signal.SIGHUP})
    say(${more})
`;
  const { containerId } = await test.start("bot", program, { logs });
  await until("the first lines", async () => (await storedLines(test.store, "bot")).length === first);
  test.store.isDown = true;
  for (let printed = first + more; printed <= first + more * times; printed += more) {
    await docker.getContainer(containerId).kill({ signal: "SIGHUP" });
    // A rest that is less than urgent may wait.
    const rest = logs.maxSizeBytes / 8 / 100;
    await until("their being counted, though not stored", () => lastCounted >= printed - 1 - rest, 40_000);
  }
  test.store.isDown = false;
  const last = first + more * times - 1;
  const isStored = async () => parseInt((await storedLines(test.store, "bot")).at(-1)!.text) === last;
  await until("the last line's being stored", isStored, 40_000);
  const lines = await storedLines(test.store, "bot");
  const at = lines.findIndex(({ stream }) => stream === "berth");
  assertNumbered(lines.slice(0, at), "stdout", first);
  const lost = parseInt(lines[at + 1]!.text) - first;
  assert.ok(lost > 0);
  assert.match(lines[at]!.text, new RegExp(`^${lost} lines printed between \\S+ and \\S+ are lost: `));
  assert.equal(lines.length, last + 1 - lost + 1);
});
