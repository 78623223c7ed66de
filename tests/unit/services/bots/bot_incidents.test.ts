import assert from "node:assert/strict";
import type { BotCondition } from "../../../../services/bots/bot_condition.ts";
import {
  BotIncidents,
  FAILED_AFTER_MS,
  judgeBot,
  RECOVERED_AFTER_MS,
} from "../../../../services/bots/bot_incidents.ts";
import { ServiceState } from "../../../../services/bots/service_state.ts";
import type { IncidentKey, Incidents } from "../../../../services/notifications/incidents.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";

/** Writes down what begins and ends. */
class Notes implements Incidents {
  readonly lines: string[] = [];
  readonly #open = new Set<string>();

  open(key: IncidentKey): void {
    if (this.#open.has(keyOf(key))) return;
    this.#open.add(keyOf(key));
    this.lines.push(`open ${keyOf(key)}`);
  }

  close(key: IncidentKey): void {
    if (this.#open.delete(keyOf(key))) this.lines.push(`recovered ${keyOf(key)}`);
  }

  closeAll(bot: string, kinds?: readonly string[]): void {
    for (const key of this.#open) {
      const [kind, id] = key.split(" ");
      if (id === bot && (kinds?.includes(kind!) ?? true)) this.#open.delete(key);
    }
  }

  notify(): Promise<void> {
    return Promise.resolve();
  }

  keys(): IncidentKey[] {
    return [];
  }

  isOpen(key: IncidentKey): boolean {
    return this.#open.has(keyOf(key));
  }
}

const keyOf = ({ kind, bot }: IncidentKey) => `${kind} ${bot}`;

class Watched implements AsyncDisposable {
  readonly clock = new FakeClock(1_000_000);
  readonly state = new ServiceState({ clock: this.clock });
  readonly notes = new Notes();
  readonly #stop = new AbortController();
  /** The last line of a bot, once it is known. */
  line: Promise<string> = Promise.resolve("the last line");
  readonly #running = new BotIncidents({
    state: this.state,
    incidents: this.notes,
    clock: this.clock,
    lastLine: () => this.line,
  }).run(this.#stop.signal);

  readonly set = async (condition: BotCondition, startedAt?: Date): Promise<void> => {
    this.state.setRunningBot({ id: "one", condition, ...(startedAt && { startedAt }) });
    await settle();
  };

  readonly crash = (nextAttempt: number): Promise<void> =>
    this.set({ type: "backing-off", until: new Date(), nextAttempt, exitCode: 1 });

  readonly exitAtMemoryLimit = (): void => {
    const at = new Date(this.clock.now());
    const exit = { exitCode: 137, oomKilled: true };
    this.state.report({ type: "exited", id: "one", containerId: "c1", attempt: 1, startedAt: at, at, exit });
  };

  readonly run = (): Promise<void> => this.set({ type: "running" }, new Date(this.clock.now()));

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    assert.equal(this.clock.sleepers, 0);
  }
}

Deno.test("a crash loop is told at the third crash in a row, and its end after a minute of running", async () => {
  await using watched = new Watched();
  const { notes, crash, run, clock } = watched;
  for (const attempt of [2, 3, 4, 5]) {
    await crash(attempt);
    await watched.set({ type: "starting", attempt });
    await run();
  }
  assert.deepEqual(notes.lines, ["open bot.crash_loop one"]);
  await clock.advance(RECOVERED_AFTER_MS - 1);
  await crash(6);
  await run();
  await clock.advance(RECOVERED_AFTER_MS);
  assert.deepEqual(notes.lines, ["open bot.crash_loop one", "recovered bot.crash_loop one"]);
});

Deno.test("nothing is told of what an operator asks for", async () => {
  await using watched = new Watched();
  const { notes, crash, run, clock } = watched;
  await run();
  for (const reason of ["restart asked for", "replaced", "disabled"] as const) {
    await watched.set({ type: "stopping", reason });
    await watched.set({ type: "starting", attempt: 1 });
    await run();
  }
  await watched.set({ type: "disabled" });
  await clock.advance(10 * RECOVERED_AFTER_MS);
  assert.deepEqual(notes.lines, []);
  await crash(4);
  await watched.set({ type: "disabled" });
  await crash(4);
  watched.state.removeRunningBot("one");
  assert.deepEqual(notes.lines, ["open bot.crash_loop one", "open bot.crash_loop one"]);
});

Deno.test("the incidents of a removed bot are over, except those of guards, which end with the release", async () => {
  await using watched = new Watched();
  const { notes, crash, run, state } = watched;
  await run();
  await crash(4);
  const guard = { kind: "bot.guard_tripped", bot: "one" } as const;
  notes.open(guard);
  state.removeRunningBot("one");
  assert.equal(notes.isOpen({ kind: "bot.crash_loop", bot: "one" }), false);
  assert.ok(notes.isOpen(guard));
});

Deno.test("a bot that cannot be started is told after a minute of tries, one that ended badly at once", async () => {
  await using watched = new Watched();
  const { notes, clock, run } = watched;
  for (let ms = 0; ms < FAILED_AFTER_MS; ms += 10_000) {
    assert.deepEqual(notes.lines, []);
    await watched.set({ type: "image-missing", message: "not found" });
    await clock.advance(5_000);
    await watched.set({ type: "starting", attempt: 1 });
    await clock.advance(5_000);
  }
  await watched.set({ type: "image-missing", message: "not found" });
  assert.deepEqual(notes.lines, ["open bot.failed one"]);
  await run();
  await watched.set({ type: "failed", message: "exit code 1", endedAt: new Date() });
  assert.deepEqual(notes.lines.slice(1), ["recovered bot.failed one", "open bot.failed one"]);
});

Deno.test("a bot that says that it is ready has recovered as one that runs; a latched one is an operator's", async () => {
  await using watched = new Watched();
  const { notes, crash, clock } = watched;
  await crash(4);
  await watched.run();
  await watched.set({ type: "ready" }, new Date(clock.now()));
  await clock.advance(RECOVERED_AFTER_MS);
  assert.deepEqual(notes.lines, ["open bot.crash_loop one", "recovered bot.crash_loop one"]);
  await crash(4);
  await watched.set({ type: "latched", reason: "drawdown" });
  await watched.run();
  await clock.advance(RECOVERED_AFTER_MS);
  assert.equal(notes.lines.length, 3);
});

Deno.test("a document that cannot be run is told, and its repair", async () => {
  await using watched = new Watched();
  await watched.set({ type: "invalid", reason: "no entrypoint", stillRunning: true });
  await watched.set({ type: "invalid", reason: "no file path", stillRunning: true });
  await watched.run();
  assert.deepEqual(watched.notes.lines, ["open bot.invalid one", "recovered bot.invalid one"]);
});

Deno.test("an exit at the memory limit is told with what it had", async () => {
  await using watched = new Watched();
  const { state, notes, clock } = watched;
  const at = new Date(clock.now());
  for (const oomKilled of [false, true, true]) {
    state.report({
      type: "exited",
      id: "one",
      containerId: "c1",
      attempt: 1,
      startedAt: at,
      at,
      exit: { exitCode: 137, oomKilled },
    });
    await settle();
  }
  assert.deepEqual(notes.lines, ["open bot.oom one"]);
});

Deno.test("judgeBot() opens nothing for a bot that waits for a server", () => {
  const bot = { id: "one", conditionSince: new Date(0), updatedAt: new Date(0) };
  const verdict = judgeBot({ ...bot, condition: { type: "waiting", for: "the engine" } }, undefined, 1e12);
  assert.deepEqual(verdict.open, []);
});

Deno.test("what is over before its last line is read is not told", async () => {
  await using watched = new Watched();
  const { notes, state, crash, run } = watched;
  const ends = [
    () => watched.set({ type: "disabled" }),
    () => watched.set({ type: "completed", endedAt: new Date() }),
    () => Promise.resolve(state.removeRunningBot("one")),
  ];
  for (const end of ends) {
    await run();
    const { promise, resolve } = Promise.withResolvers<string>();
    watched.line = promise;
    await crash(4);
    watched.exitAtMemoryLimit();
    await end();
    resolve("late");
    await settle();
  }
  assert.deepEqual(notes.lines, []);
});

Deno.test("a bot that runs again before its last line is read recovers after a minute", async () => {
  await using watched = new Watched();
  const { notes, crash, run, clock } = watched;
  await run();
  const { promise, resolve } = Promise.withResolvers<string>();
  watched.line = promise;
  await crash(4);
  watched.exitAtMemoryLimit();
  await run();
  resolve("late");
  await settle();
  await clock.advance(RECOVERED_AFTER_MS);
  assert.deepEqual(notes.lines, [
    "open bot.crash_loop one",
    "open bot.oom one",
    "recovered bot.crash_loop one",
    "recovered bot.oom one",
  ]);
});

Deno.test("a bot that is disabled, latched or outside its session is neither silent nor unhealthy", async () => {
  await using watched = new Watched();
  const { notes } = watched;
  const conditions: BotCondition[] = [
    { type: "disabled" },
    { type: "latched", reason: "drawdown" },
    { type: "outside-session", reason: "closed" },
  ];
  for (const condition of conditions) {
    await watched.run();
    for (const kind of ["bot.silent", "bot.unhealthy"] as const) notes.open({ kind, bot: "one" });
    await watched.set(condition);
    for (const kind of ["bot.silent", "bot.unhealthy"] as const) {
      assert.equal(notes.isOpen({ kind, bot: "one" }), false, `${condition.type}: ${kind}`);
    }
  }
});
