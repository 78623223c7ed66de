/**
 * Reads from stored logs what tests look at.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseStoredLine, type StoredLogLine } from "../../../lib/logs/line_format.ts";
import type { ObjectStore } from "../../../lib/objects/object_store.ts";

/**
 * Reads all that is stored of a bot.
 *
 * @param store The store.
 * @param id Id of the bot.
 * @param bucket The bucket.
 * @returns Its lines, day after day.
 */
export async function storedLines(
  store: ObjectStore,
  id: string,
  bucket = "bot-logs",
): Promise<StoredLogLine[]> {
  const lines: StoredLogLine[] = [];
  for await (const { key } of store.list(bucket, `logs/${id}/`)) {
    const text = await new Response((await store.get(bucket, key)).body).text();
    for (const line of text.split("\n").slice(0, -1)) {
      const parsed = parseStoredLine(line);
      assert.ok(parsed, `not a stored line: ${line.slice(0, 200)}`);
      lines.push(parsed);
    }
  }
  return lines;
}

/**
 * Asserts that an output is exactly the numbers from 0 on, one a line, each once and in order.
 *
 * @param lines Stored lines.
 * @param stream The output.
 * @param count How many there should be.
 */
export function assertNumbered(lines: readonly StoredLogLine[], stream: string, count: number): void {
  const numbers = lines.filter((line) => line.stream === stream).map(({ text }) => parseInt(text));
  const wrong = numbers.findIndex((number, i) => number !== i);
  assert.ok(
    wrong === -1 && numbers.length === count,
    `${stream}: ${numbers.length} of ${count} lines` +
      (wrong === -1 ? "" : `, at ${wrong}: ${numbers.slice(Math.max(0, wrong - 3), wrong + 5)}`),
  );
}
