/**
 * How exact a followed log is: the lines that an engine leaves out and gives twice while it rotates the files of a
 * container. This is why Berth does not store what it follows, see docs/decisions/log-follow.md.
 *
 * @module
 */

import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { pause } from "../support/until.ts";

const SECONDS = 10;
const LOGS = { maxSizeBytes: 1024 ** 2, maxFiles: 3 };
const programOf = (linesPerSecond: number) => `
import sys, time
begin = time.monotonic()
for i in range(${linesPerSecond * SECONDS}):
    print(f"{i:010d} " + "x" * 88, flush=True)
    ahead = (i + 1) / ${linesPerSecond} - (time.monotonic() - begin)
    if ahead > 0.01: time.sleep(ahead)
`;

await using engine = await EngineFixture.open();
console.log(`a followed log over ${SECONDS} s, files of 1 MiB (3 of them), lines of 100 bytes`);
const cases = [[1000, Infinity], [5000, Infinity], [20_000, Infinity], [5000, 400_000], [
  20_000,
  400_000,
]] as const;
for (const [linesPerSecond, readBytesPerSecond] of cases) {
  const spec = engine.spec(["python3", "-c", programOf(linesPerSecond)], { logs: LOGS });
  const { id } = await engine.orchestrator.createAndStart(spec);
  const counts = new Map<number, number>();
  for await (const entries of engine.orchestrator.readLog(id, { follow: true })) {
    const bytes = entries.reduce((sum, { content }) => sum + content.length, 0);
    await pause(1000 * bytes / readBytesPerSecond, "a store takes no more");
    for (const { content } of entries) {
      const number = Number(new TextDecoder().decode(content.subarray(0, 10)));
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
  }
  const printed = linesPerSecond * SECONDS;
  const doubled = [...counts.values()].filter((count) => count > 1).length;
  console.log(
    `${String(linesPerSecond).padStart(6)} lines a second, read at ${readBytesPerSecond} bytes a second: ` +
      `${printed - counts.size} of ${printed} left out, ${doubled} given twice`,
  );
}
