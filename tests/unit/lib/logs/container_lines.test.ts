import assert from "node:assert/strict";
import { ContainerLines } from "../../../../lib/logs/container_lines.ts";
import { entry, LogInMemory, timeAt } from "../../../support/builders/log_entries.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const STREAMS = ["stdout", "stderr"] as const;

Deno.test("ContainerLines gives each line once and whole, whenever it reads and wherever another one goes on", async () => {
  const { below } = seededRandom(5);
  const log = new LogInMemory();
  const open = { stdout: "", stderr: "" };
  const expected: Record<"stdout" | "stderr", string[]> = { stdout: [], stderr: [] };
  const got: Record<string, string[]> = { stdout: [], stderr: [] };
  let lines = new ContainerLines(log, "c1");
  for (let step = 0; step < 400; step++) {
    for (let count = below(4); count > 0; count--) {
      const stream = STREAMS[below(2)]!;
      const isEnded = below(3) > 0;
      const text = `${step} ${count} `;
      open[stream] += text;
      log.entries.push(entry(timeAt(step), text + (isEnded ? "\n" : ""), stream));
      if (isEnded) expected[stream].push(open[stream]);
      if (isEnded) open[stream] = "";
    }
    for await (const { stream, text } of lines.read({ expected: below(5) })) got[stream]!.push(text);
    assert.equal(lines.hasOpenLine, open.stdout + open.stderr !== "");
    if (!lines.hasOpenLine && below(3) === 0) lines = new ContainerLines(log, "c1", { after: lines.offset });
  }
  assert.deepEqual(got, expected);
});

Deno.test("ContainerLines ends a line that is overdue, or the last of a container that has exited", async () => {
  const log = new LogInMemory();
  const lines = new ContainerLines(log, "c1", { run: "7" });
  const read = async (options = {}) =>
    (await Array.fromAsync(lines.read(options))).map(({ text, run }) => `${run}: ${text}`);
  const nowMs = Date.parse(timeAt(0));
  log.entries.push(entry(timeAt(0), "open"));
  assert.deepEqual(await read({ nowMs: nowMs + 10_000 }), []);
  assert.deepEqual(await read({ nowMs: nowMs + 10_001 }), ["7: open"]);
  log.entries.push(entry(timeAt(1), "\n"), entry(timeAt(2), "last"));
  assert.deepEqual(await read(), ["7: "]);
  assert.deepEqual(await read({ isFinal: true }), ["7: last"]);
});

Deno.test("ContainerLines says where the engine has dropped entries, without the line that they were part of", async () => {
  const log = new LogInMemory();
  const lines = new ContainerLines(log, "c1");
  log.entries.push(entry(timeAt(0), "first\n"), entry(timeAt(1), "the beginning"));
  assert.deepEqual((await Array.fromAsync(lines.read({}))).map(({ text }) => text), ["first"]);
  log.entries = [entry(timeAt(5), "next\n")];
  assert.deepEqual((await Array.fromAsync(lines.read({}))).map(({ stream, text }) => `${stream}: ${text}`), [
    `berth: lines printed between ${timeAt(1)} and ${timeAt(5)} are lost`,
    "stdout: next",
  ]);
});
