import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { LiveLine } from "../../../../lib/logs/live_line.ts";
import type { ManagedContainer } from "../../../../lib/runner/runner.ts";
import type { BotSettings } from "../../../../services/documents/bot_settings.ts";
import { Guards } from "../../../../services/guards/guards.ts";
import { parseFleet } from "../../../../services/guards/parse_fleet.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { FakeIncidents } from "../../../support/fake_incidents.ts";
import { until } from "../../../support/until.ts";

const NEVER = new AbortController().signal;
const FX: BotSettings = { labels: { desk: "fx" } };
const RULE = "{ name: total, bots: desk=fx, metric: equity, field: value, limit: 100, action: stop, when: ";

class FleetFixture implements AsyncDisposable {
  readonly database = new DatabaseSync(":memory:");
  readonly clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
  readonly told: string[] = [];
  readonly incidents = new FakeIncidents({
    onTold: ({ title }) => this.told.push(title),
    onOver: () => this.told.push("over"),
  });
  guards!: Guards;
  /** Gives the lines that the engine has, and the stream has not brought yet. */
  syncLines = () => Promise.resolve();

  private constructor(readonly folder: string) {}

  static async open(rules: string): Promise<FleetFixture> {
    const fixture = new FleetFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
    await fixture.write(rules);
    await fixture.begin();
    return fixture;
  }

  write(rules: string): Promise<void> {
    return Deno.writeTextFile(`${this.folder}/guards.yaml`, rules);
  }

  async begin(): Promise<void> {
    this.guards = new Guards({
      records: new SqliteRecordStore(this.database),
      incidents: this.incidents,
      wake() {},
      clock: this.clock,
      fleetFile: `${this.folder}/guards.yaml`,
    });
    await this.guards.open(NEVER);
  }

  /** Starts a bot. @returns A function that prints a value. */
  run(id: string, settings: BotSettings = FX) {
    this.guards.ask({ id, settings });
    const container = { containerId: id, createdAt: new Date() } as ManagedContainer;
    const syncLines = () => this.syncLines();
    const watch = this.guards.watch({ id, container, settings, isNew: true, syncLines });
    watch?.onConnection?.(true);
    const print = (value: unknown, field = "value", time = this.clock.now()) => {
      const text = JSON.stringify({ _metric: "equity", [field]: value });
      watch?.onLine?.(
        new LiveLine({ time: new Date(time).toISOString(), stream: "stdout", text }),
      );
    };
    return Object.assign(print, { watch: watch! });
  }

  held(...ids: string[]): string[] {
    return ids.filter((id) => this.guards.ask({ id, settings: FX }).refusal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guards[Symbol.asyncDispose]();
    this.database.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("a guard over several bots holds each of them, and those that get the label later", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE}below }]`);
  const [a, b] = [fixture.run("a"), fixture.run("b")];
  const other = fixture.run("other", { labels: { desk: "eq" } });
  a(60);
  assert.deepEqual(fixture.held("a", "b"), [], "it waits for the first number of each");
  b(50);
  other(-1000);
  b("0");
  assert.deepEqual(fixture.held("a", "b"), []);
  b(30);
  assert.deepEqual(fixture.held("a", "b"), ["a", "b"]);
  await until("it is told", () => fixture.told.length === 1);
  assert.deepEqual(fixture.told, ["the guard 'total' of desk=fx tripped and stopped 2 bots"]);
  await fixture.begin();
  assert.deepEqual(fixture.held("a", "b", "later"), ["a", "b", "later"]);
  assert.equal(fixture.guards.ask({ id: "other", settings: { labels: { desk: "eq" } } }).refusal, undefined);
  assert.ok(fixture.guards.ask({ id: "a", settings: {} }).refusal, "also without the label");
  for (const bot of ["a", "b", "later"]) {
    assert.deepEqual(fixture.held(bot), [bot]);
    await fixture.guards.release({ bot, guard: "fleet:total" }, { by: "me", reason: "x" }, NEVER);
    assert.deepEqual(fixture.held(bot), []);
  }
  assert.equal(fixture.told.at(-1), "over");
  fixture.run("a")(99);
  assert.deepEqual(fixture.held("a", "b", "later"), [], "it waits for the others");
  await fixture.clock.advance(120_000);
  fixture.run("a")(99);
  assert.equal(fixture.held("a", "b", "later").length, 3, "but not forever");
});

Deno.test("the peak of several bots survives a restart of Berth, and begins anew when one leaves", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE.replace("100", "20")}drawdown_pct }]`);
  let [a, b] = [fixture.run("a"), fixture.run("b")];
  a(50);
  b(50);
  await fixture.guards[Symbol.asyncDispose]();
  await fixture.begin();
  [a, b] = [fixture.run("a"), fixture.run("b")];
  a(50);
  b(31);
  assert.deepEqual(fixture.held("a"), []);
  fixture.guards.ask({ id: "b", settings: {} });
  a(49);
  assert.deepEqual(fixture.held("a"), []);
  a(39);
  assert.deepEqual(fixture.held("a"), ["a"]);
});

Deno.test("each guard over several bots is told, also while another one's incident is open", async () => {
  const alert = RULE.replace("total", "early").replace("stop", "alert").replace("100", "200");
  const other = RULE.replace("total", "other").replace("stop", "alert").replace("100", "150");
  await using fixture = await FleetFixture.open(`guards: [${alert}below }, ${other}below }, ${RULE}below }]`);
  const { told } = fixture;
  const a = fixture.run("a");
  a(180);
  a(140);
  a(160);
  assert.deepEqual(told, [
    "the guard 'early' of desk=fx tripped",
    "the guard 'other' of desk=fx tripped",
    "over",
  ], "each has its own end");
  a(90);
  await until("the stop is known", () => told.length === 5);
  assert.equal(told[4], "the guard 'total' of desk=fx tripped and stopped 1 bot");
  await fixture.begin();
  fixture.incidents.closeAll();
  fixture.held("a");
  assert.equal(told.at(-1), "the guard 'total' of desk=fx tripped and stopped bots");
});

Deno.test("a sum has the last numbers of all bots also after a restart and a change of the rule", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE}below }]`);
  const [a, b, c] = [fixture.run("a"), fixture.run("b"), fixture.run("c")];
  a(60);
  b(49);
  c(1);
  await fixture.guards[Symbol.asyncDispose]();
  await fixture.begin();
  fixture.run("a")(70);
  assert.deepEqual(fixture.held("a"), [], "nobody has seen the others yet");
  fixture.run("b");
  fixture.guards.ask({ id: "c" });
  await fixture.clock.advance(200_000);
  fixture.run("a")(55);
  assert.deepEqual(fixture.held("a"), []);
  await fixture.write(`guards: [${RULE.replace("100", "104")}below }]`);
  assert.ok(await fixture.guards.fleet.read());
  fixture.run("b");
  fixture.guards.ask({ id: "c" });
  fixture.run("a")(55);
  assert.deepEqual(fixture.held("a"), []);
  fixture.run("a")(53);
  assert.deepEqual(fixture.held("a"), ["a"]);
});

Deno.test("a guard over several bots that looks at another field has no peak yet", async () => {
  const rule = `${RULE.replace("100", "20")}drawdown_pct }`;
  await using fixture = await FleetFixture.open(`guards: [${rule.replace("field: value", "field: other")}]`);
  fixture.run("a")(50, "other");
  await fixture.write(`guards: [${rule}]`);
  assert.ok(await fixture.guards.fleet.read());
  fixture.run("a")(5);
  assert.deepEqual(fixture.held("a"), []);
});

Deno.test("the alert of a guard over several bots ends also after a restart", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE.replace("stop", "alert")}below }]`);
  fixture.run("a")(90);
  await fixture.guards[Symbol.asyncDispose]();
  await fixture.begin();
  fixture.run("a")(110);
  assert.deepEqual(fixture.told, ["the guard 'total' of desk=fx tripped", "over"]);
});

Deno.test("a sum that is too large to be a number is like nothing", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE}drawdown_pct }]`.replace("100", "20"));
  const [a, b] = [fixture.run("a"), fixture.run("b")];
  a(1e308);
  b(1e308);
  assert.deepEqual(fixture.held("a", "b"), []);
  a(50);
  b(50);
  assert.deepEqual(fixture.held("a", "b"), ["a", "b"]);
});

const MISSING = RULE.replace("limit: 100", "limit: 10, on_missing: { after_seconds: 60, action: stop }");

Deno.test("a guard over several bots stops them when one that runs gives no number", async () => {
  await using fixture = await FleetFixture.open(`guards: [${MISSING}below }]`);
  const { clock } = fixture;
  const [a, b] = [fixture.run("a"), fixture.run("b")];
  a(60);
  b(60);
  b.watch.onPause!(true);
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(59_000);
    a(60);
  }
  assert.deepEqual(fixture.held("a"), [], "a paused bot cannot give one");
  b.watch.onPause!(false);
  await clock.advance(40_000);
  for (const { watch } of [a, b]) watch.onConnection!(false);
  await clock.advance(300_000);
  for (const { watch } of [a, b]) watch.onConnection!(true);
  assert.deepEqual(fixture.held("a"), [], "nobody could see the numbers");
  a(60);
  b(60);
  await clock.advance(50_000);
  a(60);
  assert.deepEqual(fixture.held("a"), []);
  await clock.advance(10_000);
  await until("it trips", () => fixture.held("a", "b").length === 2);
  assert.match(
    JSON.stringify(fixture.guards.ask({ id: "b", settings: FX })),
    /the sum of desk=fx: no number of equity.value for 60 s from b/,
  );
});

Deno.test("a bot that has ended or is disabled is not missing to a guard over several bots", async () => {
  await using fixture = await FleetFixture.open(`guards: [${MISSING}below }]`);
  const bots = [fixture.run("a"), fixture.run("b"), fixture.run("c")];
  for (const print of bots) print(60);
  const [a, b] = bots;
  b!.watch[Symbol.dispose]();
  fixture.guards.fleet.leave("c");
  for (let minute = 0; minute < 5; minute++) {
    await fixture.clock.advance(59_000);
    a!(60);
  }
  assert.deepEqual(fixture.held("a"), []);
});

Deno.test("time trips a guard over several bots only after all lines are read, and not while they cannot be", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE}below, for_seconds: 60 }]`);
  const { clock } = fixture;
  const [a, b] = [fixture.run("a"), fixture.run("b")];
  a(60);
  b(30);
  const inTime = clock.now() + 1000;
  fixture.syncLines = () => Promise.resolve(b(60, "value", inTime));
  clock.freeze(90_000);
  await clock.advance(0);
  assert.deepEqual(fixture.held("a"), []);
  b(30);
  fixture.syncLines = () => Promise.reject(new Error("away"));
  await clock.advance(300_000);
  assert.deepEqual(fixture.held("a"), []);
  fixture.syncLines = () => Promise.resolve();
  b.watch.onConnection!(false);
  await clock.advance(300_000);
  assert.deepEqual(fixture.held("a"), []);
  b.watch.onConnection!(true);
  await clock.advance(0);
  await until("it trips", () => fixture.held("a", "b").length === 2);
});

Deno.test("the alert of a guard over several bots is over when its rule is removed", async () => {
  await using fixture = await FleetFixture.open(`guards: [${RULE.replace("stop", "alert")}below }]`);
  fixture.run("a")(90);
  assert.equal(fixture.incidents.keys().length, 1);
  await fixture.write("guards: []");
  assert.ok(await fixture.guards.fleet.read());
  assert.deepEqual(fixture.incidents.keys(), []);
  assert.deepEqual(fixture.told, ["the guard 'total' of desk=fx tripped"]);
});

Deno.test("parseFleet() uses what is right, and says what is wrong", () => {
  const { rules, problems } = parseFleet(`guards: [${RULE}below }, ${RULE}below }, { name: x }, 7]`) as
    & ReturnType<
      typeof parseFleet
    >
    & { rules: readonly unknown[] };
  assert.equal(rules.length, 1);
  assert.equal(problems[0], "guards[1].name: 'total' is taken; give each guard a name of its own");
  assert.ok(problems.includes("guards[2].bots: must be a label such as desk=fx (is missing)"));
  assert.ok(problems.includes("guards[3]: must be an object (is a number)"));
  assert.deepEqual(parseFleet(""), { rules: [], problems: [] });
  assert.deepEqual(parseFleet("[1]"), { problems: ["must be a map with the list 'guards'"] });
  assert.match(parseFleet("a: [").problems[0]!, /./);
});
