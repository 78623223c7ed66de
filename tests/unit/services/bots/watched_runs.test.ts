import assert from "node:assert/strict";
import type { FollowLinesOptions } from "../../../../lib/logs/line_follower.ts";
import { LiveLine } from "../../../../lib/logs/live_line.ts";
import type { FollowedLines, ManagedContainer } from "../../../../lib/runner/runner.ts";
import type { Run, RunWatch, RunWatcher } from "../../../../services/bots/run_watcher.ts";
import { WatchedRuns } from "../../../../services/bots/watched_runs.ts";
import type { BotSettings } from "../../../../services/documents/bot_settings.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const ID = "bot-1";
const settings = (stopGraceSeconds: number) => ({ stopGraceSeconds }) as BotSettings;

function container(containerId: string, values: Partial<ManagedContainer> = {}): ManagedContainer {
  return {
    id: ID,
    containerId,
    phase: "running",
    kind: "bot",
    createdAt: new Date(0),
    ...values,
  } as ManagedContainer;
}

/** Watches each bot that has a grace period of more than 0 s, and writes down what it is told. */
class Recorder implements RunWatcher {
  readonly told: string[] = [];
  readonly runs: Run[] = [];

  constructor(readonly options: { readonly since?: string; readonly wantsLines?: boolean } = {}) {}

  watch(run: Run): RunWatch | undefined {
    if (!run.settings.stopGraceSeconds) return undefined;
    this.runs.push(run);
    const { told, options: { since, wantsLines = true } } = this;
    told.push(`watch ${run.container.containerId}${run.isNew ? " new" : ""}`);
    return {
      ...(since !== undefined && { since }),
      ...(wantsLines && { onLine: ({ text }: LiveLine) => void told.push(text) }),
      onConnection: (isConnected) => told.push(isConnected ? "connected" : "cut off"),
      onPause: (isPaused) => told.push(isPaused ? "paused" : "goes on"),
      [Symbol.dispose]: () => void told.push("end"),
    };
  }
}

/** Gives the followers that were made. */
function make(...watchers: readonly RunWatcher[]) {
  const followers: (FollowLinesOptions & { end: () => void; isClosed: boolean })[] = [];
  const clock = new FakeClock(0);
  const followLines = (_container: ManagedContainer, options: FollowLinesOptions): FollowedLines => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const follower = { ...options, end: resolve, isClosed: false };
    followers.push(follower);
    const close = () => {
      follower.isClosed = true;
      return Promise.resolve();
    };
    return { done: promise, close, sync: () => Promise.resolve() };
  };
  return { runs: new WatchedRuns({ runner: { followLines }, watchers, clock }), followers, clock };
}

const line = (text: string) => new LiveLine({ time: "2026-01-31T00:00:00Z", stream: "stdout", text });

Deno.test("WatchedRuns opens one follower a container for all who watch, and none that nobody needs", () => {
  const [one, other] = [new Recorder(), new Recorder({ since: "2026-01-30T00:00:00Z" })];
  const { runs, followers } = make(one, other);
  runs.see("unwatched", container("c0"), settings(0), true);
  assert.equal(followers.length, 0);
  runs.see(ID, container("c1"), settings(1), true);
  runs.see(ID, container("c1"), settings(1));
  assert.deepEqual(followers.map(({ from }) => from), ["begin"]);
  followers[0]!.onLine(line("hello"));
  assert.deepEqual([one.told, other.told], [["watch c1 new", "hello"], ["watch c1 new", "hello"]]);
  const deaf = make(new Recorder({ wantsLines: false }));
  deaf.runs.see(ID, container("c1"), settings(1));
  assert.equal(deaf.followers.length, 0);
});

Deno.test("WatchedRuns begins with the lines that a watch of an adopted container asks for", () => {
  const { runs, followers } = make(new Recorder({ since: "2026-01-30T00:00:00Z" }), new Recorder());
  runs.see(ID, container("c1"), settings(1));
  const adopted = make(new Recorder());
  adopted.runs.see(ID, container("c1"), settings(1));
  assert.deepEqual(followers[0]!.from, { after: "2026-01-30T00:00:00Z" });
  assert.equal(adopted.followers[0]!.from, "now");
});

Deno.test("WatchedRuns begins anew with other settings, on the same follower, and ends with the last watch", () => {
  const recorder = new Recorder();
  const { runs, followers } = make(recorder);
  runs.see(ID, container("c1"), settings(1), true);
  followers[0]!.onConnection?.(true);
  runs.see(ID, container("c1"), settings(2));
  // A broken document says nothing of the settings.
  runs.see(ID, container("c1"), undefined);
  runs.see(ID, container("c1"), settings(0));
  assert.deepEqual(recorder.told, ["watch c1 new", "connected", "end", "watch c1", "connected", "end"]);
  assert.deepEqual(followers.map(({ isClosed }) => isClosed), [true]);
  runs.see(ID, container("c1"), settings(1));
  assert.equal(followers.length, 2);
});

Deno.test("WatchedRuns looks after a run whose document is broken by what an earlier process knew", () => {
  const recorder = new Recorder();
  const runner = {
    followLines: () => ({
      done: Promise.resolve(),
      close: () => Promise.resolve(),
      sync: () => Promise.resolve(),
    }),
  };
  const lastSettings = (id: string) => id === ID ? settings(1) : undefined;
  const runs = new WatchedRuns({ runner, watchers: [recorder], lastSettings, clock: new FakeClock(0) });
  runs.see("other", container("c0"), undefined);
  runs.see(ID, container("c1"), undefined);
  runs.see(ID, container("c1"), undefined);
  runs.see(ID, container("c1"), settings(0));
  assert.deepEqual(recorder.told, ["watch c1", "end"]);
});

Deno.test("WatchedRuns watches all runs anew when it is told to", () => {
  const recorder = new Recorder();
  const { runs, followers } = make(recorder);
  runs.see(ID, container("c1"), settings(1), true);
  followers[0]!.onConnection?.(true);
  runs.review();
  assert.deepEqual(recorder.told, ["watch c1 new", "connected", "end", "watch c1", "connected"]);
  assert.equal(followers.length, 1);
});

Deno.test("WatchedRuns tells of a pause once", () => {
  const recorder = new Recorder();
  const { runs } = make(recorder);
  runs.see(ID, container("c1", { isPaused: true }), settings(1));
  runs.see(ID, container("c1", { isPaused: true }), settings(1));
  runs.see(ID, container("c1"), settings(1));
  assert.deepEqual(recorder.told, ["watch c1", "paused", "goes on"]);
});

Deno.test("WatchedRuns waits for the last lines of a container that has ended, not of one that is stopped", async () => {
  const recorder = new Recorder();
  const { runs, followers } = make(recorder);
  runs.see(ID, container("c1"), settings(1), true);
  runs.see(ID, undefined, settings(1));
  followers[0]!.onLine(line("why it ended"));
  assert.deepEqual(recorder.told, ["watch c1 new", "why it ended"]);
  runs.see(ID, container("c2"), settings(1), true);
  followers[0]!.end();
  await runs[Symbol.asyncDispose]();
  assert.deepEqual(recorder.told.slice(2).toSorted(), ["end", "end", "watch c2 new"]);
  assert.ok(followers.every(({ isClosed }) => isClosed));

  const stopped = make(recorder);
  stopped.runs.see(ID, container("c3"), settings(1), true);
  stopped.runs.end("c3");
  assert.deepEqual(recorder.told.slice(-2), ["watch c3 new", "end"]);
});

Deno.test("WatchedRuns does not wait forever for last lines", async () => {
  const recorder = new Recorder();
  const { runs, followers, clock } = make(recorder);
  runs.see(ID, container("c1"), settings(1), true);
  runs.see(ID, undefined, undefined);
  await clock.advance(5000);
  assert.deepEqual([recorder.told, followers[0]!.isClosed], [["watch c1 new", "end"], true]);
});
