import assert from "node:assert/strict";
import { mergeLogs } from "../../../../cli/client/merge_logs.ts";
import type { LogUpdate } from "../../../../cli/client/read_logs.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

function line(time: string): LogUpdate {
  return { kind: "line", line: { time, stream: "stdout", text: time } };
}

async function* given(updates: readonly LogUpdate[]): AsyncGenerator<LogUpdate> {
  for (const update of updates) {
    await Promise.resolve();
    yield update;
  }
}

const texts = (all: readonly { update: LogUpdate }[]) =>
  all.map(({ update }) => update.kind === "line" ? update.line.text : update.kind);

Deno.test("logs are merged by time, whatever precision their times have", async () => {
  const { next } = seededRandom(4);
  const logs = Array.from({ length: 4 }, () => {
    let ns = 0;
    return Array.from({ length: 200 }, () => {
      ns += Math.floor(next() * 1e9);
      const second = new Date(Date.UTC(2026, 0, 31) + Math.floor(ns / 1e9) * 1000).toISOString().slice(0, 19);
      const fraction = String(ns % 1e9).padStart(9, "0");
      return line(`${second}.${fraction}Z`);
    });
  });
  const merged = texts(await Array.fromAsync(mergeLogs(logs.map(given))));
  assert.deepEqual(merged, texts(logs.flat().map((update) => ({ update }))).toSorted());
  const mixed = ["2026-01-31T00:00:01Z", "2026-01-31T00:00:01.5Z", "2026-01-31T00:00:01.500000001Z"];
  const logsOfOne = mixed.toReversed().map((time) => given([line(time)]));
  assert.deepEqual(texts(await Array.fromAsync(mergeLogs(logsOfOne))), mixed);
});

Deno.test("a log that is live holds up no other one, and one that is not yet is waited for", async () => {
  const late = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const quiet = async function* (): AsyncGenerator<LogUpdate> {
    await late.promise;
    yield line("2026-01-31T00:00:00Z");
    yield { kind: "live" };
    await end.promise;
  };
  const busy = [line("2026-01-31T00:00:01Z"), { kind: "live" }, line("2026-01-31T00:00:02Z")] as const;
  const merged = mergeLogs([quiet(), given(busy)]);
  const first = merged.next();
  assert.equal(
    await Promise.race([first.then(() => "given"), given(busy).next().then(() => "held")]),
    "held",
  );
  late.resolve();
  const seen = [await first];
  while (seen.length < 5) seen.push(await merged.next());
  const shown = seen.map(({ value }) =>
    value?.update.kind === "line" ? value.update.line.text.slice(17) : "-"
  );
  assert.deepEqual(shown.filter((text) => text !== "-"), ["00Z", "01Z", "02Z"]);
  end.resolve();
  assert.equal((await merged.next()).done, true);
});

Deno.test("a log that fails fails the merge, and the others are ended", async () => {
  let isEnded = false;
  const other = async function* (): AsyncGenerator<LogUpdate> {
    try {
      yield line("2026-01-31T00:00:00Z");
      yield line("2026-01-31T00:00:09Z");
    } finally {
      isEnded = true;
    }
  };
  // deno-lint-ignore require-yield
  const failing = async function* (): AsyncGenerator<LogUpdate> {
    await Promise.resolve();
    throw new Error("gone");
  };
  await assert.rejects(Array.fromAsync(mergeLogs([other(), failing()])), /gone/);
  assert.ok(isEnded);
});
