import assert from "node:assert/strict";
import type {
  ContainerInfo,
  ContainerOrchestrator,
  LogEntry,
  ReadLogOptions,
} from "../../../../lib/engine/container_orchestrator.ts";
import { EngineUnavailableError } from "../../../../lib/errors.ts";
import { LineFollower, type LineFollowerOptions } from "../../../../lib/logs/line_follower.ts";
import { LiveLine } from "../../../../lib/logs/live_line.ts";
import { systemClock } from "../../../../lib/util/clock.ts";
import { entry, timeAt } from "../../../support/builders/log_entries.ts";
import { until } from "../../../support/until.ts";

/** An engine with one container, whose followed log can repeat, break off and end as a real one's does. */
class FollowedLog implements Pick<ContainerOrchestrator, "readLog" | "getStatus"> {
  readonly entries: LogEntry[] = [];
  hasExited = false;
  /** The engine does not answer. */
  isAway = false;
  /** Number of followed readings so far. */
  streams = 0;
  #send: ((entries: readonly LogEntry[] | "end" | "break") => void)[] = [];

  /** Prints entries; the streams get `streamed`, or nothing at all. */
  print(added: readonly LogEntry[], streamed: readonly LogEntry[] = added): void {
    this.entries.push(...added);
    if (streamed.length > 0) this.#send.forEach((send) => send(streamed));
  }

  endStreams(how: "end" | "break"): void {
    this.#send.forEach((send) => send(how));
  }

  async *readLog(_id: string, { tail, since, follow, signal }: ReadLogOptions = {}) {
    await Promise.resolve();
    if (this.isAway) throw new EngineUnavailableError("The engine is down");
    const all = this.entries.filter(({ time }) => since === undefined || time >= since);
    const queue: (readonly LogEntry[] | "end" | "break")[] = [tail === undefined ? all : all.slice(-tail)];
    if (!follow) return yield* [queue[0] as LogEntry[]].filter((batch) => batch.length > 0);
    this.streams++;
    let wake = () => {};
    const send = (one: readonly LogEntry[] | "end" | "break") => {
      queue.push(one);
      wake();
    };
    this.#send.push(send);
    try {
      while (true) {
        for (const one of queue.splice(0)) {
          signal?.throwIfAborted();
          if (one === "end") return;
          if (one === "break") throw new EngineUnavailableError("The connection broke");
          if (one.length > 0) yield one;
        }
        if (queue.length > 0) continue;
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          if (signal?.aborted) reject(signal.reason);
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
    } finally {
      this.#send = this.#send.filter((each) => each !== send);
    }
  }

  getStatus(): Promise<ContainerInfo | undefined> {
    if (this.isAway) return Promise.reject(new EngineUnavailableError("The engine is down"));
    return Promise.resolve({ phase: this.hasExited ? "exited" : "running" } as ContainerInfo);
  }
}

function numbered(from: number, to: number): LogEntry[] {
  return Array.from({ length: to - from }, (_, n) => entry(timeAt((from + n) * 1000), `${from + n}\n`));
}

function follow(log: FollowedLog, options: Partial<LineFollowerOptions> = {}) {
  const lines: string[] = [];
  const connections: boolean[] = [];
  const follower = new LineFollower(log, "c1", systemClock, {
    from: "begin",
    onLine: ({ text }) => lines.push(text),
    onConnection: (isConnected) => connections.push(isConnected),
    ...options,
  });
  return { follower, lines, connections };
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => String(n));

Deno.test("LineFollower gives each line once, through repeats, broken connections and an engine that is down", async () => {
  const log = new FollowedLog();
  log.print(numbered(0, 3));
  const { follower, lines, connections } = follow(log);
  await using _follower = follower;
  await until("the first stream", () => log.streams === 1);
  log.print(numbered(3, 5));
  await until("its lines", () => lines.length === 5);
  // A rotation: entries come again.
  log.print(numbered(5, 7), [...numbered(3, 5), ...numbered(5, 7)]);
  await until("the lines after the repeat", () => lines.length === 7);
  await until("another stream", () => log.streams === 2);
  log.print(numbered(7, 9), []);
  log.endStreams("break");
  await until("lines that no stream has given", () => lines.length === 9);
  assert.deepEqual(connections, [true, false, true]);
  log.isAway = true;
  log.endStreams("end");
  log.print(numbered(9, 200), []);
  await until("the end of the connection", () => connections.at(-1) === false);
  log.isAway = false;
  await until("all lines", () => lines.length === 200);
  assert.deepEqual(lines, upTo(200));
});

Deno.test("LineFollower goes on after the clock was set back, and with pieces of a long line that share a time", async () => {
  const log = new FollowedLog();
  const { follower, lines } = follow(log);
  await using _follower = follower;
  await until("a stream", () => log.streams === 1);
  log.print([entry(timeAt(9000), "late\n"), entry(timeAt(5000), "ear"), entry(timeAt(5000), "ly\n")]);
  await until("both lines", () => lines.length === 2);
  const long = Array.from({ length: 100 }, (_, n) => entry(timeAt(6000), n < 99 ? "x" : "\n"));
  log.print(long);
  await until("the long line", () => lines.length === 3);
  log.endStreams("break");
  log.print(numbered(7, 8), []);
  await until("the line after it", () => lines.length === 4);
  assert.deepEqual(lines, ["late", "early", "x".repeat(99), "7"]);
});

Deno.test("LineFollower begins with what is printed from now on, or after a time", async () => {
  const log = new FollowedLog();
  log.print(numbered(0, 5));
  const now = follow(log, { from: "now" });
  const after = follow(log, { from: { after: timeAt(2000) } });
  await using _now = now.follower;
  await using _after = after.follower;
  await until("both streams", () => log.streams === 2);
  log.print(numbered(5, 6));
  await until("the line", () => now.lines.length > 0 && after.lines.length > 2);
  assert.deepEqual([now.lines, after.lines], [["5"], ["3", "4", "5"]]);
});

Deno.test("LineFollower.sync() gives what the stream has not brought, and says if it cannot", async () => {
  const log = new FollowedLog();
  const { follower, lines } = follow(log);
  await until("a stream", () => log.streams === 1);
  log.print(numbered(0, 2), []);
  await follower.sync();
  assert.deepEqual(lines, upTo(2));
  log.isAway = true;
  await assert.rejects(follower.sync(), EngineUnavailableError);
  await follower.close();
  await assert.rejects(follower.sync(), { name: "AbortError" });
});

Deno.test("LineFollower ends with its container, after the last line", async () => {
  const log = new FollowedLog();
  const { follower, lines, connections } = follow(log);
  await until("a stream", () => log.streams === 1);
  log.print([...numbered(0, 2), entry(timeAt(2000), "2")], numbered(0, 1));
  log.hasExited = true;
  log.endStreams("end");
  await follower.done;
  assert.deepEqual([lines, connections.at(-1)], [upTo(3), false]);
});

Deno.test("LineFollower hides secrets", async () => {
  const log = new FollowedLog();
  const redactLine = () => new TextEncoder().encode("***");
  const { follower, lines } = follow(log, { redactor: () => Promise.resolve({ redactLine }) });
  await using _follower = follower;
  log.print(numbered(0, 1));
  await until("the line", () => lines.length === 1);
  assert.deepEqual(lines, ["***"]);
});

Deno.test("LiveLine reads metrics and heartbeats of stdout, and nothing else", () => {
  const line = (text: string, stream: "stdout" | "stderr" = "stdout") =>
    new LiveLine({ time: "2026-01-31T00:00:00Z", stream, text });
  const { metric } = line('{"_metric": "equity", "value": 12}');
  assert.deepEqual([metric?.type, metric?.fields], ["equity", { value: 12 }]);
  const beats: readonly (readonly [text: string, heartbeat: string | undefined])[] = [
    ['{"_heartbeat": true}', "WATCHDOG=1"],
    ['{"_heartbeat": "READY=1\\nSTATUS=warm"}', "READY=1\nSTATUS=warm"],
    ['{"_heartbeat": false}', undefined],
    ['{"_heartbeat": ""}', undefined],
    ['{"a": "_heartbeat"}', undefined],
    ['{"_heartbeat": true', undefined],
    ['say {"_heartbeat": true}', undefined],
  ];
  for (const [text, heartbeat] of beats) assert.equal(line(text).heartbeat, heartbeat, text);
  for (
    const text of [
      '{"_metric": ""}',
      '{"_metric": 5}',
      "[1]",
      `{"_metric": "x", "y": "${"z".repeat(70_000)}"}`,
    ]
  ) {
    assert.equal(line(text).metric, undefined);
  }
  assert.equal(line('{"_metric": "equity"}', "stderr").metric, undefined);
  assert.equal(line('{"_heartbeat": true}', "stderr").heartbeat, undefined);
});
