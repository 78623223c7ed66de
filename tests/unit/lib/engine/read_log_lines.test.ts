import assert from "node:assert/strict";
import type { LogEntry } from "../../../../lib/engine/container_orchestrator.ts";
import { readLogLines } from "../../../../lib/engine/read_log_lines.ts";
import { entry, timeAt } from "../../../support/builders/log_entries.ts";

/** Entries of one log: repeated times, pieces, and a line of stderr that is written after a later one of stdout. */
const LOG: readonly LogEntry[] = [
  entry(timeAt(1), "a\n"),
  entry(timeAt(2), "b\n"),
  entry(timeAt(2), "b\n"),
  entry(timeAt(2), "c\n"),
  entry(timeAt(9), "d"),
  entry(timeAt(4), "e\n", "stderr"),
  entry(timeAt(4), "f\n", "stderr"),
  entry(timeAt(9), "g\n"),
  entry(timeAt(11), "last"),
];
const TEXTS = ["a", "b", "b", "c", "e", "f", "dg", "last"];

/** An engine that gives these entries to a follower, and then the whole log. */
function engine(followed: readonly LogEntry[], log: readonly LogEntry[] = LOG) {
  return {
    async *readLog(_container: string, { follow, tail }: { follow?: boolean; tail?: number } = {}) {
      await Promise.resolve();
      yield follow ? followed : tail === undefined ? log : log.slice(-tail);
    },
    getStatus: () => Promise.resolve({ phase: "exited" } as never),
  };
}

async function texts(orchestrator: ReturnType<typeof engine>, follow: boolean): Promise<string[]> {
  return (await Array.fromAsync(readLogLines(orchestrator, "x", { follow }))).map(({ text }) => text);
}

Deno.test("readLogLines() gives every line, the last one also without a line end", async () => {
  assert.deepEqual(await texts(engine([]), false), TEXTS);
});

Deno.test("readLogLines() goes on after any entry of a followed log without a gap or a repeat", async () => {
  for (let given = 0; given <= LOG.length; given++) {
    assert.deepEqual(await texts(engine(LOG.slice(0, given)), true), TEXTS, `after ${given} entries`);
  }
});

Deno.test("readLogLines() goes by the times when the last followed entry is not found", async () => {
  // The engine has given an entry twice, so that its ordinal is wrong, or has dropped it since.
  const twice = [...LOG.slice(0, 4), LOG[3]!];
  assert.deepEqual(await texts(engine(twice), true), ["a", "b", "b", "c", "c", "e", "f", "dg", "last"]);
  assert.deepEqual(await texts(engine(LOG.slice(0, 4), LOG.slice(5)), true), [
    "a",
    "b",
    "b",
    "c",
    "e",
    "f",
    "g",
    "last",
  ]);
});
