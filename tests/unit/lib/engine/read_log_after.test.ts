import assert from "node:assert/strict";
import { type LogOffset, OffsetCounter, toOffset } from "../../../../lib/engine/log_offset.ts";
import { readLogAfter } from "../../../../lib/engine/read_log_after.ts";
import type { LogEntry } from "../../../../lib/engine/container_orchestrator.ts";
import { entry, LogInMemory, timeAt } from "../../../support/builders/log_entries.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

/** The offsets of all entries of a log. */
function offsetsOf(entries: readonly LogEntry[]): LogOffset[] {
  const counter = new OffsetCounter();
  return entries.map((one) => {
    counter.count(one);
    const { other: _, ...offset } = toOffset(counter.last!);
    return offset;
  });
}

async function read(log: LogInMemory, after?: LogOffset, expected = 1) {
  const pieces = await Array.fromAsync(readLogAfter(log, "x", { expected, after }));
  return {
    texts: pieces.flatMap(({ entries }) => entries.map(({ content }) => new TextDecoder().decode(content))),
    isAfterGap: pieces[0]?.isAfterGap ?? false,
  };
}

Deno.test("readLogAfter() gives exactly what comes after any offset, however much it expects", async () => {
  const { next: random } = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const log = new LogInMemory();
    log.batch = 1 + Math.floor(random() * 5);
    let time = 0;
    const length = 1 + Math.floor(random() * 60);
    for (let i = 0; i < length; i++) {
      // Often several with one time, and now and then a clock that is set back.
      if (random() < 0.5) time += 1;
      if (random() < 0.02) time = Math.max(0, time - 10);
      log.entries.push(entry(timeAt(time), `${round} ${i}\n`, random() < 0.5 ? "stdout" : "stderr"));
    }
    const offsets = offsetsOf(log.entries);
    const at = Math.floor(random() * length);
    const expected = log.entries.slice(at + 1).map(({ content }) => new TextDecoder().decode(content));
    // A clock that was set back can give a time twice, and then the offset is ambiguous: left out.
    const isUnique = offsets.filter(({ stream, time, ordinal }) =>
      stream === offsets[at]!.stream && time === offsets[at]!.time && ordinal === offsets[at]!.ordinal
    ).length === 1;
    if (!isUnique) {
      continue;
    }
    const { texts, isAfterGap } = await read(log, offsets[at], Math.floor(random() * 70));
    assert.deepEqual([texts, isAfterGap], [expected, false], `round ${round}`);
  }
});

Deno.test("readLogAfter() reads no more than the end of a log of which little is new", async () => {
  const log = new LogInMemory();
  for (let i = 0; i < 10_000; i++) log.entries.push(entry(timeAt(i), `${i}\n`));
  const offset = offsetsOf(log.entries)[9_990]!;
  assert.equal((await read(log, offset, 10)).texts.length, 9);
  assert.ok(log.readCount < 100, String(log.readCount));
});

Deno.test("readLogAfter() reads a short log once, also after its first entry", async () => {
  const log = new LogInMemory();
  for (let i = 0; i < 3; i++) log.entries.push(entry(timeAt(5), `${i}\n`));
  for (const [at, offset] of offsetsOf(log.entries).entries()) {
    log.readCount = 0;
    const expected = ["0\n", "1\n", "2\n"].slice(at + 1);
    assert.deepEqual(await read(log, offset), { texts: expected, isAfterGap: false });
    assert.equal(log.readCount, 3);
  }
});

Deno.test("readLogAfter() says so when entries after the offset were dropped, and gives all that there is", async () => {
  const log = new LogInMemory();
  for (let i = 0; i < 100; i++) log.entries.push(entry(timeAt(i), `${i}\n`));
  const offset = offsetsOf(log.entries)[20]!;
  log.entries.splice(0, 50);
  const { texts, isAfterGap } = await read(log, offset);
  assert.deepEqual([texts.length, texts[0], isAfterGap], [50, "50\n", true]);
  log.entries = [];
  assert.deepEqual(await read(log, offset), { texts: [], isAfterGap: false });
});

Deno.test("readLogAfter() does not take the rest of a long line for its beginning", async () => {
  const log = new LogInMemory();
  for (let i = 0; i < 400; i++) log.entries.push(entry(timeAt(5), `piece ${i}`));
  const offset = offsetsOf(log.entries)[350]!;
  // With only the last 34, the first would count as the 1st.
  assert.deepEqual((await read(log, offset)).texts.length, 49);
  log.entries.splice(0, 10);
  const { texts, isAfterGap } = await read(log, offset);
  assert.deepEqual([texts.length, isAfterGap], [390, true]);
});
