import assert from "node:assert/strict";
import type { LogLine } from "../../../../../lib/engine/container_orchestrator.ts";
import { LogResume } from "../../../../../lib/engine/docker/log_resume.ts";

function line(stream: "stdout" | "stderr", nanoseconds: number, text = ""): LogLine {
  return { stream, time: `2026-01-01T00:00:05.${String(nanoseconds).padStart(9, "0")}Z`, text };
}

/** Lines of one log: repeated times, and a line of stderr that is written after a later one of stdout. */
const LOG = [
  line("stdout", 1, "a"),
  line("stdout", 2, "b"),
  line("stdout", 2, "c"),
  line("stdout", 2, "d"),
  line("stdout", 9, "e"),
  line("stderr", 4, "f"),
  line("stderr", 4, "g"),
  line("stdout", 9, "h"),
];

Deno.test("LogResume goes on after any line without a gap or a repeat", () => {
  for (let given = 0; given <= LOG.length; given++) {
    const resume = new LogResume();
    for (const line of LOG.slice(0, given)) resume.note(line);
    const { since } = resume;
    const again = LOG.filter(({ time }) => since === undefined || new Date(time) >= since);
    const rest = again.filter((line) => !resume.isKnown(line));
    assert.deepEqual(
      rest.map(({ text }) => text),
      LOG.slice(given).map(({ text }) => text),
      `after ${given} lines`,
    );
  }
});

Deno.test("LogResume reads on from a little before the last line", () => {
  const resume = new LogResume();
  resume.note(line("stdout", 0));
  assert.equal(resume.since?.toISOString(), "2026-01-01T00:00:04.000Z");
});
