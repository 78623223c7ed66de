import assert from "node:assert/strict";
import { linesAfter, linesUpTo, LogCursor } from "../../../../lib/logs/log_cursor.ts";
import { LinePlacer, type PlacedLogLine } from "../../../../lib/logs/log_position.ts";
import type { StoredLogLine } from "../../../../lib/logs/line_format.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const START = Date.UTC(2026, 0, 31, 12);

function place(lines: readonly StoredLogLine[]): PlacedLogLine[] {
  const placer = new LinePlacer();
  return lines.map((line) => placer.place(line));
}

async function* given<T>(lines: readonly T[]): AsyncGenerator<T> {
  yield* lines;
}

function line(ms: number, text: string, run?: string): StoredLogLine {
  const time = new Date(ms).toISOString();
  return { time, stream: "stdout", text, ...(run !== undefined && { run }) };
}

function cursorAfter(lines: readonly PlacedLogLine[], begin = LogCursor.BEGIN): LogCursor {
  return lines.reduce((cursor, line) => cursor.after(line), begin);
}

const texts = (lines: readonly StoredLogLine[]) => lines.map(({ text }) => text);

Deno.test("a cursor divides a bot's log at every line, in whatever second its lines are", async () => {
  const { next: random } = seededRandom(7);
  let ms = START;
  const lines = place(Array.from({ length: 400 }, (_, i) => {
    ms += Math.floor(random() ** 4 * 3000);
    // One output overtakes the other by a little, also over the end of a second.
    return line(ms - Math.floor(random() * 30), String(i));
  }));
  for (let cut = 0; cut <= lines.length; cut++) {
    const cursor = LogCursor.parse(String(cursorAfter(lines.slice(0, cut))));
    assert.equal(cursor === undefined, cut === 0);
    if (!cursor) continue;
    const after = await Array.fromAsync(linesAfter(given(lines), cursor));
    assert.deepEqual(texts(after), texts(lines.slice(cut)));
    assert.deepEqual(
      texts(await Array.fromAsync(linesUpTo(given(lines), cursor))),
      texts(lines.slice(0, cut)),
    );
    // From some line on, as the last lines of a log are read.
    for (const begin of [cut - 20, cut - 1, cut + 100].filter((begin) => begin >= 0)) {
      const some = texts(await Array.fromAsync(linesUpTo(given(lines.slice(begin)), cursor)));
      assert.deepEqual(some, texts(lines.slice(begin, Math.max(begin, cut))), `from ${begin} to ${cut}`);
    }
  }
});

Deno.test("a cursor divides a log of runs that overlap, although they are stored in another order", async () => {
  const { next: random } = seededRandom(8);
  const printed: StoredLogLine[] = [];
  let ms = START;
  for (let i = 0; i < 300; i++) {
    ms += Math.floor(random() * 400);
    printed.push(line(ms, String(i), `run-${Math.floor(i / 60)}-${i % 3}`));
  }
  const followed = place(printed);
  // As they are stored: the lines of a minute, run after run.
  const minutes = Map.groupBy(printed, ({ time }) => time.slice(0, 16));
  const stored = place(
    [...minutes.values()].flatMap((lines) => lines.toSorted((a, b) => (a.run! < b.run! ? -1 : 1))),
  );
  assert.notDeepEqual(texts(stored), texts(followed));
  for (let cut = 1; cut <= followed.length; cut++) {
    const cursor = LogCursor.parse(String(cursorAfter(followed.slice(0, cut))))!;
    const after = texts(await Array.fromAsync(linesAfter(given(stored), cursor)));
    assert.deepEqual(after.toSorted(), texts(followed.slice(cut)).toSorted(), `after ${cut}`);
    const before = texts(await Array.fromAsync(linesUpTo(given(stored), cursor)));
    assert.deepEqual(before.toSorted(), texts(followed.slice(0, cut)).toSorted(), `up to ${cut}`);
  }
});

Deno.test("a cursor whose line is gone gives the lines of later seconds, and nothing twice", async () => {
  const lines = place([0, 400, 1200, 2500, 9000].map((ms) => line(START + ms, String(ms))));
  const cursor = LogCursor.parse("2026-01-31T12:00:00Z/7")!;
  const after = texts(await Array.fromAsync(linesAfter(given(lines), cursor)));
  assert.deepEqual(after, ["1200", "2500", "9000"]);
});

Deno.test("a cursor forgets runs that are over, and stays short", () => {
  const lines = place(
    Array.from({ length: 200 }, (_, i) => line(START + i * 1000, String(i), `run-${Math.floor(i / 2)}`)),
  );
  const text = String(cursorAfter(lines));
  assert.ok(text.length < 16 * 40, text);
  assert.equal(String(LogCursor.parse(text)), text);
});

Deno.test("text that is no cursor is told apart", () => {
  for (
    const text of [
      "",
      "17",
      "2026-01-31T12:00:00Z",
      "2026-01-31T12:00:00Z/0",
      "2026-01-31T12:00:00Z/-1",
      "2026-13-31T12:00:00Z/1",
      "2026-01-31T12:00:00Z/1@../x",
      "2026-01-31T12:00:00Z/1,",
      Array.from({ length: 17 }, (_, i) => `2026-01-31T12:00:00Z/1@r${i}`).join(),
      "x".repeat(100_000),
    ]
  ) assert.equal(LogCursor.parse(text), undefined, text.slice(0, 100));
});
