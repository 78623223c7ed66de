import assert from "node:assert/strict";
import { dayOf, lineHead, parseStoredLine } from "../../lib/logs/line_format.ts";

Deno.test("lineHead() cuts the engine's time to milliseconds, whatever digits it has", () => {
  assert.equal(lineHead("2026-01-31T12:34:56.789999999Z"), "[2026-01-31 12:34:56.789] ");
  assert.equal(lineHead("2026-01-31T12:34:56.7Z"), "[2026-01-31 12:34:56.700] ");
  assert.equal(lineHead("2026-01-31T12:34:56Z"), "[2026-01-31 12:34:56.000] ");
  assert.equal(dayOf("2026-01-31T12:34:56.789999999Z"), "20260131");
});

Deno.test("parseStoredLine() reads lines of all sources, and none of somebody else's", () => {
  const head = "[2026-01-31 12:34:56.789] ";
  const time = "2026-01-31T12:34:56.789Z";
  const cases = [
    ["hello", "stdout", "hello"],
    ["", "stdout", ""],
    ["stderr: hello", "stderr", "hello"],
    ["stderr: ", "stderr", ""],
    ["stderr:hello", "stdout", "stderr:hello"],
    ["stdout: stderr: hello", "stdout", "stderr: hello"],
    ["berth: lines are lost", "berth", "lines are lost"],
  ] as const;
  for (const [text, stream, expected] of cases) {
    assert.deepEqual(parseStoredLine(head + text), { time, stream, text: expected });
  }
  for (const line of ["", "hello", "[yesterday] hello", "[2026-01-31 12:34:56.789]hello"]) {
    assert.equal(parseStoredLine(line), undefined);
  }
});
