import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { LiveLine } from "../../../../lib/logs/live_line.ts";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import type { RunningBot } from "../../../../services/bots/bot_condition.ts";
import type { BotListener } from "../../../../services/bots/service_state.ts";
import type { Run } from "../../../../services/bots/run_watcher.ts";
import type { GuardRule } from "../../../../services/documents/guard_settings.ts";
import { Guards } from "../../../../services/guards/guards.ts";
import type { RecordStore } from "../../../../services/records/record_store.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { FakeIncidents } from "../../../support/fake_incidents.ts";
import { until } from "../../../support/until.ts";

const RULE: GuardRule = {
  name: "equity",
  metric: "equity",
  field: "value",
  when: "below",
  limit: 10,
  forSeconds: 0,
  action: "stop",
  latch: true,
};
const DRAWDOWN: GuardRule = { ...RULE, when: "drawdown_pct", limit: 20 };
const NEVER = new AbortController().signal;
const START = Date.parse("2026-01-01T00:00:00Z");

/** A database, and the guards of processes that follow each other. */
class GuardsFixture implements AsyncDisposable {
  readonly database = new DatabaseSync(":memory:");
  readonly records = new SqliteRecordStore(this.database);
  readonly clock = new FakeClock(START);
  readonly told: string[] = [];
  readonly woken: string[] = [];
  /** Gives the lines that the engine has, and the stream has not brought yet. */
  syncLines = () => Promise.resolve();
  readonly incidents = new FakeIncidents({
    onTold: ({ bot, severity, text }) => this.told.push(`${severity} ${bot}: ${text.split("\n")[0]}`),
    onOver: ({ bot }, text) => this.told.push(`over ${bot}: ${text}`),
  });
  guards!: Guards;

  static async open(): Promise<GuardsFixture> {
    const fixture = new GuardsFixture();
    await fixture.begin();
    return fixture;
  }

  /** A new process begins; nothing of the one before is left but the database. @param records Where it looks. @param latchFile Its file. */
  async begin(records: RecordStore = this.records, latchFile?: string): Promise<void> {
    const { clock, woken, incidents } = this;
    this.guards = new Guards({
      records,
      incidents,
      wake: (id) => woken.push(id),
      clock,
      ...(latchFile !== undefined && { latchFile }),
    });
    await this.guards.open(NEVER);
  }

  /** Watches a run. @param rules Guards of the bot. @param containerId The engine's id of the container. */
  watch(rules: readonly GuardRule[], containerId = "c1", isNew = true) {
    const container = {
      containerId,
      createdAt: new Date(START),
      startedAt: new Date(START),
    } as ManagedContainer;
    const run: Run = {
      id: "bot",
      container,
      settings: { guards: rules },
      isNew,
      syncLines: () => this.syncLines(),
    };
    const watch = this.guards.watch(run)!;
    return {
      ...watch,
      connect: () => watch.onConnection!(true),
      print: (text: string, time = new Date(this.clock.now()).toISOString()) =>
        watch.onLine!(new LiveLine({ time, stream: "stdout", text })),
      value: (value: unknown, time?: string) => {
        const text = JSON.stringify({ _metric: "equity", value });
        watch.onLine!(
          new LiveLine({ time: time ?? new Date(this.clock.now()).toISOString(), stream: "stdout", text }),
        );
      },
    };
  }

  get refusal() {
    return this.guards.ask({ id: "bot" }).refusal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guards[Symbol.asyncDispose]();
    this.database.close();
  }
}

/** Records of a database that does not answer at times. */
function awayWhile(isDown: () => boolean, records: GuardsFixture["records"]): GuardsFixture["records"] {
  return new Proxy(records, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => isDown() ? Promise.reject(new Error("away")) : value.apply(target, args);
    },
  });
}

Deno.test("a guard that trips stores its latch, holds the bot over restarts, and lets it go when a person says so", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([RULE]);
  run.connect();
  run.print("buying");
  run.value(11);
  assert.equal(fixture.refusal, undefined);
  run.value(8);
  assert.equal(fixture.refusal!.condition.type, "latched", "nothing starts it from now on");
  assert.equal(fixture.refusal!.stop, undefined, "and it is stopped once the latch is stored");
  await until("the latch is stored", () => fixture.woken.length === 1);
  assert.equal(fixture.refusal!.stop!.onStopReason, "guard equity: equity.value 8 below 10");
  await fixture.begin();
  assert.match(
    JSON.stringify(fixture.refusal),
    /guard 'equity' tripped at 2026-01-01T00:00:00.000Z: equity.value 8/,
  );
  assert.deepEqual(fixture.guards.show("bot").latches[0]!.lastLines, [
    "buying",
    '{"_metric":"equity","value":11}',
    '{"_metric":"equity","value":8}',
  ]);
  assert.equal(
    await fixture.guards.release({ bot: "bot", guard: "other" }, { by: "me", reason: "x" }, NEVER),
    undefined,
  );
  await fixture.guards.release({ bot: "bot", guard: "equity" }, { by: "me", reason: "topped up" }, NEVER);
  assert.equal(fixture.refusal, undefined);
  await fixture.begin();
  assert.equal(fixture.refusal, undefined);
  assert.equal(fixture.guards.show("bot", [RULE]).released[0]!.release.reason, "topped up");
  assert.deepEqual(fixture.told, [
    "critical bot: equity.value 8 below 10. Release it with 'berth release bot --guard equity --reason TEXT'.",
    "over bot: me released guard 'equity': topped up",
  ]);
});

Deno.test("while the database does not answer, the bot is stopped all the same, and the latch is stored later", async () => {
  await using fixture = await GuardsFixture.open();
  let isDown = false;
  const records = awayWhile(() => isDown, fixture.records);
  await fixture.begin(records);
  const run = fixture.watch([RULE]);
  run.connect();
  isDown = true;
  run.value(8);
  await until("the bot may be stopped", () => fixture.refusal!.stop !== undefined);
  assert.equal(fixture.guards.show("bot").latches[0]!.isStored, false);
  await assert.rejects(
    fixture.guards.release({ bot: "bot", guard: "equity" }, { by: "me", reason: "x" }, NEVER),
  );
  assert.ok(fixture.refusal, "what cannot be noted is not released");
  isDown = false;
  await fixture.clock.advance(1000);
  await until("it is stored", () => fixture.guards.show("bot").latches[0]!.isStored);
  await fixture.begin();
  assert.ok(fixture.refusal);
});

for (const end of ["a normal end", "a kill"]) {
  Deno.test(`a latch outlives ${end} of Berth while the database is down`, async () => {
    await using fixture = await GuardsFixture.open();
    let isDown = false;
    const records = awayWhile(() => isDown, fixture.records);
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    try {
      const latchFile = `${folder}/data/latches.json`;
      await fixture.begin(records, latchFile);
      const run = fixture.watch([RULE]);
      run.connect();
      isDown = true;
      run.value(8);
      await until("the bot may be stopped", () => fixture.refusal!.stop !== undefined);
      assert.match(
        await Deno.readTextFile(latchFile),
        /equity.value 8 below 10/,
        "before the bot is stopped",
      );
      if (end === "a normal end") await fixture.guards[Symbol.asyncDispose]();
      await assert.rejects(fixture.begin(records, latchFile), /away/, "Berth waits for the database");
      isDown = false;
      await fixture.begin(records, latchFile);
      assert.ok(fixture.refusal);
      await fixture.clock.advance(1000);
      await until("it is stored", () => fixture.guards.show("bot").latches[0]!.isStored);
      await until(
        "the file is gone",
        async () => (await Array.fromAsync(Deno.readDir(`${folder}/data`))).length === 0,
      );
      // A file that a restored folder brings back does not undo a release.
      await fixture.guards.release({ bot: "bot", guard: "equity" }, { by: "me", reason: "x" }, NEVER);
      const latch = (await fixture.records.get("latches", "bot/equity"))!.value.latch;
      await Deno.writeTextFile(latchFile, JSON.stringify({ "bot/equity": latch }));
      await fixture.begin(records, latchFile);
      assert.equal(fixture.refusal, undefined);
      await Deno.writeTextFile(latchFile, "{");
      await assert.rejects(
        fixture.begin(records, latchFile),
        /latches.json cannot be read: .* repair it, or remove it/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a process that meets a bot for the first time knows what another one has noted of it", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([RULE]);
  run.connect();
  const other = new Guards({
    records: fixture.records,
    incidents: fixture.incidents,
    wake() {},
    clock: fixture.clock,
  });
  await other.open(NEVER);
  run.value(8);
  await until("it is stored", () => fixture.refusal?.stop !== undefined);
  assert.equal(other.ask({ id: "bot" }).refusal, undefined);
  assert.match(
    (await other.whyHeld("bot", NEVER))!,
    /^guard 'equity' .* release it with 'berth release bot --guard/,
  );
  assert.equal(await other.whyHeld("bo", NEVER), undefined);
  await other.meet("bot", NEVER);
  assert.ok(other.ask({ id: "bot" }).refusal?.stop);
  await fixture.guards.release({ bot: "bot", guard: "equity" }, { by: "me", reason: "x" }, NEVER);
  await other.meet("bot", NEVER);
  assert.equal(other.ask({ id: "bot" }).refusal, undefined);
  await other[Symbol.asyncDispose]();
});

/** Prints a value a second while Berth is frozen. @returns A function that gives all of it to Berth at once. */
function printWhileFrozen(
  fixture: GuardsFixture,
  values: readonly number[],
): (value: (n: number, time: string) => void) => void {
  const lines = values.map((value, second) => ({
    value,
    time: new Date(fixture.clock.now() + second * 1000).toISOString(),
  }));
  fixture.clock.freeze(values.length * 1000);
  return (value) => lines.forEach((line) => value(line.value, line.time));
}

Deno.test("lines that wait while Berth is frozen count at the time at which they were printed", async () => {
  await using fixture = await GuardsFixture.open();
  const rate = { ...RULE, when: "rate_per_minute", limit: 65, field: undefined } as unknown as GuardRule;
  const run = fixture.watch([rate, { ...RULE, name: "long", forSeconds: 30 }]);
  run.connect();
  run.value(12);
  printWhileFrozen(fixture, Array(120).fill(12))(run.value);
  assert.equal(fixture.refusal, undefined, "120 lines in two minutes are no 120 a minute");
  const dip = [...Array(20).fill(12), ...Array(40).fill(8), ...Array(20).fill(12)];
  printWhileFrozen(fixture, dip)(run.value);
  assert.ok(fixture.refusal, "it was below its limit for 40 s");
  assert.match(JSON.stringify(fixture.refusal), /'long' tripped/);
});

Deno.test("a dip between two lines that wait while Berth is frozen is not hidden by the second one", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([{ ...RULE, forSeconds: 30 }]);
  run.connect();
  run.value(12);
  const began = fixture.clock.now();
  fixture.clock.freeze(60_000);
  for (const [value, second] of [[8, 5], [12, 25], [8, 26]] as const) {
    run.value(value, new Date(began + second * 1000).toISOString());
  }
  assert.equal(fixture.refusal, undefined, "it was below for 20 s");
  run.value(12, new Date(began + 58_000).toISOString());
  assert.ok(fixture.refusal, "it was below for 32 s");
});

Deno.test("an engine whose clock differs, and is set, trips no guard", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([{ ...RULE, onMissing: { afterSeconds: 60, action: "stop" } }]);
  run.connect();
  for (let second = 0; second < 400; second++) {
    const skewMs = second < 200 ? -45_000 : -165_000;
    run.value(12, new Date(fixture.clock.now() + skewMs).toISOString());
    await fixture.clock.advance(1000);
  }
  assert.equal(fixture.refusal, undefined);
});

Deno.test("a latch that the database has not taken is stored at the end of the process, if it can be", async () => {
  await using fixture = await GuardsFixture.open();
  let isDown = false;
  const records = awayWhile(() => isDown, fixture.records);
  await fixture.begin(records);
  const run = fixture.watch([RULE]);
  run.connect();
  isDown = true;
  run.value(8);
  await until("the bot may be stopped", () => fixture.refusal!.stop !== undefined);
  isDown = false;
  await fixture.guards[Symbol.asyncDispose]();
  await fixture.begin();
  assert.ok(fixture.refusal);
});

Deno.test("a peak survives a kill of Berth, a crash of the bot and a new limit; a release lets it begin anew", async () => {
  await using fixture = await GuardsFixture.open();
  const { clock } = fixture;
  const first = fixture.watch([DRAWDOWN]);
  first.connect();
  first.value(100);
  await clock.advance(5000);
  await until(
    "it is stored",
    async () => JSON.stringify(await fixture.records.list("guards")).includes("100"),
  );
  await fixture.begin();
  const second = fixture.watch([{ ...DRAWDOWN, limit: 30 }], "c2");
  second.connect();
  second.value(75);
  assert.equal(fixture.refusal, undefined);
  second.value(69);
  await until("it is stopped", () => fixture.refusal?.stop !== undefined);
  assert.match(fixture.refusal!.stop!.onStopReason!, /31% under its peak 100/);
  second[Symbol.dispose]();
  await fixture.begin();
  await fixture.guards.release({ bot: "bot", guard: "equity" }, { by: "me", reason: "x" }, NEVER);
  const third = fixture.watch([DRAWDOWN], "c3");
  third.connect();
  third.value(69);
  assert.equal(fixture.refusal, undefined);
});

Deno.test("the rules of a bot whose document breaks are known to the next process, until the bot is disabled", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([DRAWDOWN]);
  run.connect();
  run.value(100);
  run[Symbol.dispose]();
  await fixture.guards[Symbol.asyncDispose]();
  await fixture.begin();
  assert.deepEqual(fixture.guards.lastSettings("bot"), { guards: [DRAWDOWN] });
  let onStatus: BotListener = () => {};
  fixture.guards.follow({ subscribe: (listener) => (onStatus = listener, () => {}) });
  onStatus("bot", { condition: { type: "running" } } as RunningBot);
  assert.ok(fixture.guards.lastSettings("bot"));
  onStatus("bot", { condition: { type: "disabled" } } as RunningBot);
  assert.equal(fixture.guards.lastSettings("bot"), undefined);
  await until("it is forgotten", async () => (await fixture.records.list("guards")).length === 0);
});

Deno.test("what a bot printed while Berth was down counts, in its own time", async () => {
  await using fixture = await GuardsFixture.open();
  const rule = { ...RULE, forSeconds: 30 };
  fixture.clock.set(START + 3_600_000);
  const run = fixture.watch([rule], "c1", false);
  run.value(8, new Date(START + 3_600_000 - 50_000).toISOString());
  assert.equal(fixture.refusal, undefined);
  run.value(8, new Date(START + 3_600_000 - 10_000).toISOString());
  assert.ok(fixture.refusal, "it was beyond for 40 s");
});

Deno.test("a number that is missing stops the bot where the guard says so, but not while nobody can see it", async () => {
  await using fixture = await GuardsFixture.open();
  const { clock } = fixture;
  const run = fixture.watch([{ ...RULE, onMissing: { afterSeconds: 60, action: "stop" } }]);
  run.connect();
  run.value(12);
  run.onPause!(true);
  await clock.advance(300_000);
  run.onPause!(false);
  await clock.advance(59_000);
  run.value("12");
  run.value(NaN);
  assert.equal(fixture.refusal, undefined);
  await clock.advance(1000);
  await until("it is stopped", () => fixture.refusal?.stop !== undefined);
  assert.match(fixture.refusal!.stop!.onStopReason!, /no number of equity.value for 60 s/);
  assert.equal(fixture.guards.show("bot", [RULE]).guards[0]!.oddity, "null");
  assert.equal(clock.sleepers, 1, "only what writes to the database waits");
});

for (const rule of [{ forSeconds: 60 }, { onMissing: { afterSeconds: 60, action: "stop" } }] as const) {
  const [name] = Object.keys(rule);

  Deno.test(`time trips a guard with ${name} only after all lines are read`, async () => {
    await using fixture = await GuardsFixture.open();
    const { clock } = fixture;
    const run = fixture.watch([{ ...RULE, ...rule }]);
    run.connect();
    run.value("forSeconds" in rule ? 8 : 12);
    const inTime = new Date(START + 50_000).toISOString();
    fixture.syncLines = () => Promise.resolve(run.value(12, inTime));
    clock.freeze(90_000);
    await clock.advance(0);
    assert.equal(fixture.refusal, undefined);
  });

  Deno.test(`time trips no guard with ${name} while the engine does not say what was printed`, async () => {
    await using fixture = await GuardsFixture.open();
    const { clock } = fixture;
    const run = fixture.watch([{ ...RULE, ...rule }]);
    run.connect();
    run.value("forSeconds" in rule ? 8 : 12);
    fixture.syncLines = () => Promise.reject(new Error("away"));
    await clock.advance(300_000);
    assert.equal(fixture.refusal, undefined);
    fixture.syncLines = () => Promise.resolve();
    await clock.advance(65_000);
    assert.ok(fixture.refusal);
  });
}

Deno.test("a guard that waits for lines is left alone once its run has ended", async () => {
  await using fixture = await GuardsFixture.open();
  const { clock } = fixture;
  const run = fixture.watch([{ ...RULE, forSeconds: 60 }]);
  run.connect();
  run.value(8);
  const { promise, resolve } = Promise.withResolvers<void>();
  fixture.syncLines = () => promise;
  await clock.advance(60_000);
  run[Symbol.dispose]();
  resolve();
  await clock.advance(0);
  assert.equal(fixture.refusal, undefined);
});

const ALERT: GuardRule = { ...RULE, action: "alert", latch: false };

Deno.test("a stop is told also while an alert of the bot is open", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([ALERT, { ...RULE, name: "stop", limit: 5 }]);
  run.connect();
  run.value(8);
  run.value(4);
  await until("the stop is told", () => fixture.told.length === 2);
  assert.match(fixture.told[1]!, /^critical bot: equity.value 4 below 5/);
});

Deno.test("a stop of a Berth that was killed before it told anybody is told by the next one, once", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([RULE]);
  run.connect();
  run.value(8);
  await until("the latch is stored", () => fixture.woken.length === 1);
  fixture.incidents.closeAll();
  fixture.told.length = 0;
  await fixture.begin();
  assert.deepEqual(fixture.told, [], "perhaps another process serves the bot");
  assert.ok(fixture.refusal);
  assert.ok(fixture.refusal);
  assert.equal(fixture.told.length, 1);
  assert.match(fixture.told[0]!, /^critical bot: equity.value 8 below 10/);
});

Deno.test("each guard has an alert of its own, which ends also after a restart of Berth", async () => {
  await using fixture = await GuardsFixture.open();
  const rules = [ALERT, { ...ALERT, name: "lower", limit: 5 }];
  const run = fixture.watch(rules);
  run.connect();
  run.value(4);
  await fixture.guards[Symbol.asyncDispose]();
  await fixture.begin();
  const next = fixture.watch(rules, "c1", false);
  next.connect();
  next.value(8);
  assert.deepEqual(fixture.told, [
    "warning bot: equity.value 4 below 10.",
    "warning bot: equity.value 4 below 5.",
    "over bot: Its guard 'lower' is within its limit again.",
  ]);
  next.value(12);
  assert.deepEqual(fixture.told.slice(3), ["over bot: Its guard 'equity' is within its limit again."]);
});

const ENDS = [
  "removed from the document",
  "left out with all others",
  "of a disabled bot",
  "of a removed bot",
];
for (const kind of ENDS) {
  Deno.test(`the alert of a guard that is ${kind} is over, and nobody is notified`, async () => {
    await using fixture = await GuardsFixture.open();
    let onStatus: BotListener = () => {};
    fixture.guards.follow({ subscribe: (listener) => (onStatus = listener, () => {}) });
    const run = fixture.watch([ALERT, { ...ALERT, name: "latched", latch: true }]);
    run.connect();
    run.value(8);
    await until("both are open", () => fixture.incidents.keys().length === 2);
    run[Symbol.dispose]();
    if (kind.startsWith("of")) {
      const disabled = { condition: { type: "disabled" } } as RunningBot;
      onStatus("bot", kind === "of a disabled bot" ? disabled : undefined);
    } else fixture.watch(kind.startsWith("removed") ? [{ ...ALERT, name: "other" }] : [], "c1", false);
    assert.deepEqual(fixture.incidents.keys().map(({ guard }) => guard), ["latched"], "a latch stays");
    assert.equal(fixture.told.length, 2);
  });
}

Deno.test("incidents of earlier versions, which do not name their guard, end without a word", async () => {
  await using fixture = await GuardsFixture.open();
  const { incidents } = fixture;
  const open = { kind: "bot.guard_tripped", severity: "critical", title: "x", text: "x" } as const;
  incidents.open({ ...open, bot: "bot" });
  incidents.open(open);
  incidents.open({ ...open, bot: "bot", guard: "equity" });
  incidents.open({ ...open, bot: "bot", kind: "bot.silent" });
  fixture.told.length = 0;
  await fixture.begin();
  const left = incidents.keys().map(({ kind, guard }) => [kind, guard]);
  assert.deepEqual(left, [["bot.guard_tripped", "equity"], ["bot.silent", undefined]]);
  assert.deepEqual(fixture.told, []);
});

Deno.test("a guard that has alerted stops the bot once its rule says so", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([ALERT]);
  run.connect();
  run.value(8);
  run[Symbol.dispose]();
  const next = fixture.watch([RULE], "c1", false);
  next.connect();
  next.value(8);
  assert.ok(fixture.refusal);
});

Deno.test("a latch of an action that this version does not know holds the bot", async () => {
  await using fixture = await GuardsFixture.open();
  const latch = { text: "x", at: "2026-01-01T00:00:00Z", action: "flatten", lastLines: [] };
  await fixture.records.insert("latches", "bot/equity", { latch });
  await fixture.begin();
  assert.ok(fixture.refusal?.stop);
});

Deno.test("the late end of a run leaves the guards of the next run at work", async () => {
  await using fixture = await GuardsFixture.open();
  const rule = { ...RULE, forSeconds: 30 };
  const first = fixture.watch([rule], "c1");
  first.connect();
  first.value(12);
  const second = fixture.watch([rule], "c2");
  second.connect();
  second.value(8);
  first.onConnection!(false);
  first[Symbol.dispose]();
  await fixture.clock.advance(30_000);
  assert.ok(fixture.refusal);
});

Deno.test("a late line of an earlier run does not hide lines of the next run", async () => {
  await using fixture = await GuardsFixture.open();
  const first = fixture.watch([RULE], "c1");
  first.connect();
  const second = fixture.watch([RULE], "c2");
  first.value(12, new Date(START + 2000).toISOString());
  second.value(8, new Date(START + 1000).toISOString());
  assert.ok(fixture.refusal);
});

Deno.test("a guard that alerts says so once, and once that the value is back; with a latch it waits for a person", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([{ ...RULE, action: "alert", latch: false }]);
  run.connect();
  for (const value of [8, 7, 12, 12, 9]) run.value(value);
  await until("all is told", () => fixture.told.length === 3);
  assert.deepEqual(fixture.told, [
    "warning bot: equity.value 8 below 10.",
    "over bot: Its guard 'equity' is within its limit again.",
    "warning bot: equity.value 9 below 10.",
  ]);
  assert.equal(fixture.refusal, undefined);
  run.value(12);
  const latched = fixture.watch([{ ...RULE, name: "other", action: "alert", latch: true }]);
  latched.connect();
  for (const value of [8, 12]) latched.value(value);
  await until("it is told", () => fixture.told.length === 5);
  assert.equal(fixture.guards.show("bot").latches[0]!.action, "alert");
  assert.equal(fixture.refusal, undefined);
});

Deno.test("10,000 numbers and 10,000 names a second cost little, and no guard means no watch", async () => {
  await using fixture = await GuardsFixture.open();
  const run = fixture.watch([{ ...RULE, onMissing: { afterSeconds: 60, action: "stop" } }, {
    ...RULE,
    name: "rate",
    when: "rate_per_minute",
    limit: 1e9,
  }]);
  run.connect();
  for (let n = 0; n < 10_000; n++) {
    run.value(100 + n);
    run.print(`{"_metric":"m${n}","value":1}`);
  }
  assert.equal(fixture.guards.show("bot", [{ ...RULE, name: "rate" }]).guards[0]!.state, "ok");
  assert.ok(fixture.clock.sleepers <= 2);
  const run2: Run = {
    id: "plain",
    container: { containerId: "x" } as ManagedContainer,
    settings: {},
    isNew: true,
    syncLines: async () => {},
  };
  assert.equal(fixture.guards.watch(run2), undefined);
});
