import assert from "node:assert/strict";
import { EngineUnavailableError, InvalidArchiveError } from "../../../lib/errors.ts";
import { StoreUnavailableError } from "../../../services/documents/bot_repository.ts";
import { NEVER } from "../../../services/schedules/schedule_repository.ts";
import { describeScheduleCondition } from "../../../services/schedules/schedule_condition.ts";
import { readCalendar } from "../../../services/calendars/read_calendar.ts";
import { startScheduler, World } from "../../support/schedule_model.ts";
import { collectLogs } from "../../support/collect_logs.ts";

const NOW = "2025-03-01T00:00:00.500Z";
const BEGIN = Date.parse("2025-03-01T00:00:00Z");
const SECOND = 1000;
const MINUTE = 60 * SECOND;

function newWorld(): Promise<World> {
  return new World(NOW).open();
}

const going = (id: string, slot: number) =>
  `skipped: the run ${id}@${BEGIN / 1000 + slot} was still going, and concurrency_policy is Forbid`;
const MISSED = "skipped: missed: no service ran it before the next slot came";

Deno.test("ScheduleService runs each slot once, in its second and never early, and closes its record", async () => {
  const world = await newWorld();
  await world.put("minutely", { schedule: "* * * * *" });
  await world.put("every", { schedule: "@every 20s" });
  const scheduler = startScheduler(world, "one");
  await world.clock.advance(2 * MINUTE + SECOND);
  assert.deepEqual(await world.story("minutely", BEGIN), ["60 succeeded", "120 succeeded"]);
  assert.deepEqual((await world.story("every", BEGIN)).length, 6);
  const [record] = await world.records("minutely");
  assert.deepEqual({ ...record, seenAt: undefined, claimedAt: undefined }, {
    id: `minutely@${BEGIN / 1000 + 60}`,
    scheduleId: "minutely",
    slot: BEGIN / 1000 + 60,
    trigger: "schedule",
    state: "succeeded",
    reason: "",
    instance: "one",
    seenAt: undefined,
    claimedAt: undefined,
    startedAt: new Date(BEGIN + MINUTE + 40),
    finishedAt: new Date(BEGIN + MINUTE + 340),
    startLagMs: 40,
    durationMs: 300,
    exitCode: 0,
    version: "1",
    attempt: 1,
    log: "logs/minutely/",
    containerName: `berth_one_run_minutely_${BEGIN / 1000 + 60}`,
    resultStatus: "stored",
    result: `minutely/runs/${BEGIN / 1000 + 60}.json`,
  });
  assert.deepEqual(world.engine("one").list(), [], "containers are removed");
  const state = scheduler.service.state.getSchedule("minutely")!;
  assert.equal(describeScheduleCondition(state.condition!), "next slot at 2025-03-01T00:03:00.000Z");
  assert.equal(state.lastRun?.state, "succeeded");
  assert.equal(scheduler.service.state.getMetrics().closed.succeeded, 8);
  await scheduler.stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("ScheduleService prepares each slot once, before it, and leaves disabled and later ones", async () => {
  const world = await newWorld();
  await world.put("minutely", { schedule: "* * * * *" });
  await world.put("disabled", { schedule: "* * * * *", enabled: false });
  await world.put("later", { schedule: "0 0 1 1 *" });
  const scheduler = startScheduler(world, "one");
  await world.clock.advance(4 * MINUTE);
  const prepared = () => world.prepared.map(({ id, filePath }) => `${id} ${filePath}`);
  assert.deepEqual(prepared(), Array.from({ length: 4 }, () => "minutely code"));
  for (const [index, { at }] of world.prepared.entries()) {
    const before = (BEGIN + (index + 1) * MINUTE - at) / SECOND;
    assert.ok(before >= 5 && before <= 25, `${before} s before the slot`);
  }
  world.database.exec(`UPDATE bot_schedules SET document = replace(document, '"code"', '"other"')`);
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(prepared().slice(4), ["minutely other", "minutely other"]);
  assert.equal(world.starts.length, 6);
  await scheduler.stop();
});

Deno.test("ScheduleService discards what it has prepared for a schedule that changes, and at its end", async () => {
  const world = await newWorld();
  for (const id of ["changed", "removed", "kept", "later"]) {
    await world.put(id, { schedule: id === "later" ? "0 0 1 1 *" : "* * * * *" });
  }
  const scheduler = startScheduler(world, "one");
  await world.clock.advance(MINUTE - SECOND);
  assert.deepEqual(world.prepared.map(({ id }) => id).sort(), ["changed", "kept", "removed"]);
  world.discarded.length = 0;
  await scheduler.service.check("changed", new AbortController().signal);
  await scheduler.service.check("later", new AbortController().signal);
  await world.delete("removed");
  await scheduler.service.check("removed", new AbortController().signal);
  assert.deepEqual(world.discarded, ["changed", "removed"]);
  await scheduler.stop();
  // A preparation that was under way may have put them in place again.
  assert.deepEqual(new Set(world.discarded), new Set(["changed", "removed", "kept"]));
});

Deno.test("ScheduleService runs a slot that could not be prepared", async () => {
  const world = await newWorld();
  await world.put("minutely", { schedule: "* * * * *" });
  const runner = world.engine("one").runner();
  let tries = 0;
  runner.prepare = () => Promise.reject(new Error(`no. ${++tries}`));
  const scheduler = startScheduler(world, "one", { runner });
  await world.clock.advance(MINUTE + SECOND);
  assert.ok(tries > 0);
  assert.deepEqual(await world.story("minutely", BEGIN), ["60 succeeded"]);
  await scheduler.stop();
});

Deno.test("ScheduleService takes the policy Forbid, Allow or Replace when a run goes on at the next slot", async () => {
  const world = await newWorld();
  const schedule = "*/10 * * * * *";
  const long = { ms: 15 * SECOND };
  await world.put("forbid", { schedule }, long);
  await world.put("allow", { schedule, berth: { concurrency_policy: "Allow" } }, long);
  await world.put("replace", { schedule, berth: { concurrency_policy: "Replace" } }, long);
  const scheduler = startScheduler(world, "one");
  await world.clock.advance(31 * SECOND);
  for (const id of ["forbid", "allow", "replace"]) await world.put(id, { schedule, enabled: false });
  await world.clock.advance(20 * SECOND);
  assert.deepEqual(await world.story("forbid", BEGIN), [
    "10 succeeded",
    `20 ${going("forbid", 10)}`,
    "30 succeeded",
  ]);
  assert.deepEqual(await world.story("allow", BEGIN), ["10 succeeded", "20 succeeded", "30 succeeded"]);
  const replaced = (slot: number) =>
    `failed: replaced by the run replace@${BEGIN / 1000 + slot}: it was stopped; exit code 143 (SIGTERM)`;
  assert.deepEqual(await world.story("replace", BEGIN), [
    `10 ${replaced(20)}`,
    `20 ${replaced(30)}`,
    "30 succeeded",
  ]);
  assert.ok(world.overlaps().every((text) => text.includes("allow")), world.overlaps().join());
  await scheduler.stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("ScheduleService stops a run that takes too long, and tries a failed one again", async () => {
  const world = await newWorld();
  await world.put("long", { schedule: "* * * * *", berth: { max_runtime_seconds: 5 } }, { ms: 20 * SECOND });
  await world.put("weak", { schedule: "* * * * *", berth: { retries: 2 } }, { exitCodes: [3, 4, 0] });
  await world.put("broken", { schedule: "* * * * *", berth: { retries: 1 } }, { exitCodes: [7] });
  await world.put("plain", { schedule: "* * * * *" }, { exitCodes: [1] });
  const scheduler = startScheduler(world, "one");
  await world.clock.advance(2 * MINUTE - SECOND);
  assert.deepEqual(await world.story("long", BEGIN), [
    "60 timed-out: it took longer than max_runtime_seconds, 5: it was stopped; exit code 143 (SIGTERM)",
  ]);
  assert.deepEqual(await world.story("weak", BEGIN), ["60 succeeded: succeeded at attempt 3"]);
  assert.deepEqual(await world.story("broken", BEGIN), ["60 failed: It ended with exit code 7."]);
  assert.deepEqual(await world.story("plain", BEGIN), ["60 failed: It ended with exit code 1."]);
  const [weak] = await world.records("weak");
  assert.deepEqual([weak?.attempt, weak?.exitCode, weak?.startLagMs], [3, 0, 40]);
  assert.equal(world.starts.filter(({ scheduleId }) => scheduleId === "broken").length, 2);
  await scheduler.stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("ScheduleService catches up once after a downtime, and records what was missed", async () => {
  const world = await newWorld();
  await world.put("minutely", { schedule: "* * * * *" });
  await world.put("strict", { schedule: "* * * * *", berth: { starting_deadline_seconds: 20 } });
  const first = startScheduler(world, "one");
  await world.clock.advance(SECOND);
  await first.stop();
  await world.clock.advance(3 * MINUTE + 35 * SECOND);
  const second = startScheduler(world, "one");
  await world.clock.advance(SECOND);
  assert.deepEqual(await world.story("minutely", BEGIN), [
    `60 ${MISSED}`,
    `120 ${MISSED}`,
    "180 catch-up succeeded",
  ]);
  assert.match(
    (await world.story("strict", BEGIN)).at(-1)!,
    /^180 catch-up skipped: missed: found 36 s after/,
  );
  await second.stop();
});

Deno.test("ScheduleService runs so many at once, the others in order; a deadline passes while they wait", async () => {
  const world = await newWorld();
  for (let index = 0; index < 5; index++) {
    await world.put(`s${index}`, { schedule: "0 * * * *" }, { ms: 10 * SECOND });
  }
  await world.put("strict", { schedule: "0 * * * *", berth: { starting_deadline_seconds: 3 } });
  const scheduler = startScheduler(world, "one", { maxConcurrentRuns: 2 });
  await world.clock.advance(60 * MINUTE);
  for (let second = 0; second < 40; second++) {
    assert.ok(world.engine("one").list().filter(({ phase }) => phase === "running").length <= 2);
    if (second === 6) {
      const { running, waiting } = scheduler.service.state.getMetrics();
      assert.deepEqual([running, waiting], [2, 3]);
    }
    await world.clock.advance(SECOND);
  }
  const starts = world.starts.map(({ scheduleId }) => scheduleId);
  assert.deepEqual(starts.toSorted(), ["s0", "s1", "s2", "s3", "s4"]);
  for (const id of starts) assert.match((await world.story(id, BEGIN))[0]!, /succeeded$/);
  assert.deepEqual(await world.story("strict", BEGIN), [
    "3600 skipped: not started within starting_deadline_seconds, 3",
  ]);
  await scheduler.stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("ScheduleService follows what documents say: disabled, enabled, changed, deleted, while one runs", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "* * * * *" }, { ms: 30 * SECOND });
  const scheduler = startScheduler(world, "a");
  const change = async (config: Record<string, unknown>) => {
    await world.put("one", config);
    await scheduler.service.check("one", new AbortController().signal);
  };
  await world.clock.advance(MINUTE + SECOND);
  await change({ schedule: "* * * * *", enabled: false });
  assert.equal((await world.repository.find("one"))?.nextExecutionTime, NEVER);
  assert.equal(scheduler.service.state.getSchedule("one")?.condition?.type, "disabled");
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(await world.story("one", BEGIN), ["60 succeeded"], "the one that ran has finished");
  await change({ schedule: "30 * * * *" });
  assert.equal((await world.repository.find("one"))?.nextExecutionTime, BEGIN / 1000 + 30 * 60);
  await change({ schedule: "*/5 * * * *" });
  await world.clock.advance(2 * MINUTE);
  await change({ schedule: "no cron" });
  assert.match(
    describeScheduleCondition(scheduler.service.state.getSchedule("one")!.condition!),
    /^invalid: config\.schedule: /,
  );
  await change({ schedule: "* * * * *" });
  await world.clock.advance(MINUTE);
  await world.delete("one");
  await scheduler.service.check("one", new AbortController().signal);
  await world.clock.advance(5 * MINUTE);
  assert.deepEqual(await world.story("one", BEGIN), ["60 succeeded", "300 succeeded", "360 succeeded"]);
  assert.equal(scheduler.service.state.getSchedule("one"), undefined);
  await scheduler.stop();
});

Deno.test("ScheduleService starts no claimed run whose schedule was disabled or deleted meanwhile", async () => {
  const world = await newWorld();
  await world.put("busy", { schedule: "* * * * *" }, { ms: 30 * SECOND });
  await world.put("x-off", { schedule: "* * * * *" });
  await world.put("x-gone", { schedule: "* * * * *" });
  await world.put("x-bad", { schedule: "* * * * *" });
  const scheduler = startScheduler(world, "a", { maxConcurrentRuns: 1 });
  await world.clock.advance(MINUTE + SECOND);
  const [first] = world.starts;
  const others = ["busy", "x-off", "x-gone", "x-bad"].filter((id) => id !== first?.scheduleId);
  await world.put(others[0]!, { schedule: "* * * * *", enabled: false });
  await world.delete(others[1]!);
  await world.put(others[2]!, { schedule: "?" });
  for (const id of others) await scheduler.service.check(id, new AbortController().signal);
  await world.clock.advance(45 * SECOND);
  assert.deepEqual(await world.story(others[0]!, BEGIN), [
    "60 skipped: its schedule was disabled before it was started",
  ]);
  assert.deepEqual(await world.story(others[1]!, BEGIN), [
    "60 skipped: its schedule was deleted before it was started",
  ]);
  assert.match((await world.story(others[2]!, BEGIN))[0]!, /^60 failed: its schedule cannot be run: config/);
  await scheduler.stop();
});

Deno.test("ScheduleService.runNow() obeys the policy, runs what is disabled, and says why it does not run", async () => {
  const world = await newWorld();
  await world.put("off", { schedule: "* * * * *", enabled: false }, { ms: 10 * SECOND });
  await world.put("bad", { schedule: "" });
  const scheduler = startScheduler(world, "a");
  const { service } = scheduler;
  await world.clock.advance(SECOND);
  assert.deepEqual(await service.runNow("nobody"), {
    code: "not-found",
    problem: "There is no schedule 'nobody'.",
  });
  assert.match(
    JSON.stringify(await service.runNow("bad")),
    /"code":"invalid".*cannot be run: config\.schedule/,
  );
  const [result, again] = await Promise.all([
    service.runNow("off", { requestedBy: "token ci" }),
    service.runNow("off"),
  ]);
  assert.ok("record" in result && result.record.state === "claimed" && result.record.trigger === "manual");
  assert.equal((await world.records("off"))[0]?.requestedBy, "token ci");
  assert.ok("code" in again && again.code === "in-progress" && again.run?.id === result.record.id);
  await world.clock.advance(2 * SECOND);
  assert.deepEqual(await service.runNow("off"), {
    code: "in-progress",
    problem:
      `'off' is not run: the run ${result.record.id} was still going, and concurrency_policy is Forbid.`,
    run: (await world.records("off"))[0],
  });
  await world.clock.advance(20 * SECOND);
  assert.deepEqual(await world.story("off", BEGIN), ["1 manual succeeded"]);
  assert.equal(world.starts[0]?.name, `berth_a_run_off_${BEGIN / 1000 + 1}-manual`);
  await scheduler.stop();
});

Deno.test("ScheduleService follows a calendar that changes while schedules wait", async () => {
  const world = await newWorld();
  await world.put("follows", { schedule: "@open mine", berth: { calendar: "mine" } });
  await world.put("other", { schedule: "* * * * *" });
  let hours: [string, string] | undefined;
  const calendars = {
    now: () => Math.floor(world.clock.now() / SECOND),
    get: (name: string) =>
      hours
        ? readCalendar(
          JSON.stringify({
            zone: "UTC",
            covers: { from: "2025-01-01", to: "2025-12-31" },
            weeks: [{ from: "2025-01-01", sat: [hours] }],
          }),
          name,
        )
        : { problem: "the calendar is not known" },
  };
  const scheduler = startScheduler(world, "a", { calendars });
  const { service } = scheduler;
  const conditionOf = () => describeScheduleCondition(service.state.getSchedule("follows")!.condition!);
  await world.clock.advance(SECOND);
  assert.match(conditionOf(), /not known/);
  for (const hour of ["08", "09"]) {
    hours = [`${hour}:00`, "16:00"];
    await world.clock.advance(MINUTE);
    service.calendarsChanged();
    await world.clock.advance(SECOND);
    assert.equal(conditionOf(), `next slot at 2025-03-01T${hour}:00:00.000Z`);
  }
  await scheduler.stop();
});

Deno.test("ScheduleService starts nothing of an id that a guard holds, and says why", async () => {
  const world = await newWorld();
  await world.put("held", { schedule: "* * * * *" });
  await world.put("free", { schedule: "* * * * *" });
  let held: string | undefined = "guard 'equity' tripped";
  const scheduler = startScheduler(world, "a", {
    whyHeld: (id) => Promise.resolve(id === "held" ? held : undefined),
  });
  await world.clock.advance(MINUTE + SECOND);
  assert.deepEqual(await scheduler.service.runNow("held"), {
    code: "held",
    problem: "'held' is not run: guard 'equity' tripped.",
  });
  held = undefined;
  await world.clock.advance(MINUTE);
  assert.deepEqual(await world.story("held", BEGIN), ["60 skipped: guard 'equity' tripped", "120 succeeded"]);
  assert.deepEqual(await world.story("free", BEGIN), ["60 succeeded", "120 succeeded"]);
  await scheduler.stop();
});

Deno.test("ScheduleService.runNow() makes two runs of two requests in one second if the policy allows", async () => {
  const world = await newWorld();
  const berth = { concurrency_policy: "Allow", retries: 1 };
  await world.put("all", { schedule: "0 0 1 1 *", berth }, { ms: 5 * SECOND, exitCodes: [3, 0] });
  const scheduler = startScheduler(world, "a");
  await world.clock.advance(SECOND);
  const results = await Promise.all([1, 2, 3].map(() => scheduler.service.runNow("all")));
  const ids = results.map((result) => "record" in result ? result.record.id : JSON.stringify(result));
  assert.deepEqual(ids, ["", "-2", "-3"].map((end) => `all@${BEGIN / 1000 + 1}-manual${end}`));
  await world.clock.advance(30 * SECOND);
  const states = (await world.records("all")).map(({ id, state }) => `${id} ${state}`);
  assert.deepEqual(states.sort(), ids.map((id) => `${id} succeeded`).sort());
  assert.equal(world.starts.length, 6, "each has its own attempts");
  await scheduler.stop();
  assert.match(JSON.stringify(await scheduler.service.runNow("all")), /"code":"not-serving"/);
  assert.deepEqual(world.broken, []);
});

Deno.test("ScheduleService tells of schedules that cannot be run, and runs the others", async () => {
  using logs = collectLogs();
  const world = await newWorld();
  const expressions = ["0 0 30 2 *", "", "*".repeat(10_000), "* * * * * * *", "61 * * * *"];
  for (const [index, schedule] of expressions.entries()) await world.put(`bad${index}`, { schedule });
  await world.put("none", {});
  await world.put("policy", { schedule: "* * * * *", berth: { concurrency_policy: "allow", retries: -1 } });
  await world.put("second", { schedule: "* * * * * *" }, { ms: 1500 });
  await world.put("odd", { schedule: "0 0 1 1 *", timezone: "Nowhere" });
  await world.put("good", { schedule: "* * * * *" });
  const scheduler = startScheduler(world, "a");
  await world.clock.advance(MINUTE + SECOND);
  for (const id of ["bad0", "bad1", "bad2", "bad3", "bad4", "none", "policy"]) {
    const { condition } = scheduler.service.state.getSchedule(id)!;
    assert.equal(condition?.type, "invalid", id);
    assert.ok(describeScheduleCondition(condition!).length < 300, describeScheduleCondition(condition!));
    assert.equal((await world.repository.find(id))?.nextExecutionTime, NEVER, id);
  }
  assert.match(
    describeScheduleCondition(scheduler.service.state.getSchedule("policy")!.condition!),
    /config\.berth\.concurrency_policy: .*; config\.berth\.retries: /,
  );
  assert.deepEqual(await world.story("good", BEGIN), ["60 succeeded"]);
  const warned = (message: string) =>
    logs.records.filter(({ rawMessage, level }) => rawMessage === message && level === "warning")
      .map(({ properties }) => properties.id);
  // Once, not at every look.
  const bad = ["bad0", "bad1", "bad2", "bad3", "bad4", "none", "policy"];
  assert.deepEqual(warned("schedule needs attention").sort(), bad);
  assert.deepEqual(warned("document has warnings"), ["odd"]);
  const seconds = await world.records("second");
  assert.equal(seconds.length, 61);
  assert.equal(seconds.filter(({ state }) => state === "skipped").length, 30);
  assert.deepEqual(world.overlaps(), []);
  await scheduler.stop();
});

Deno.test("ScheduleService finds documents that were written without an event", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "0 0 1 1 *" });
  const scheduler = startScheduler(world, "a");
  await world.clock.advance(SECOND);
  // As another program does that sets no time of its own.
  world.database.exec(`UPDATE bot_schedules SET document = replace(document, '0 0 1 1 *', '*/15 * * * *')`);
  await world.clock.advance(16 * MINUTE);
  assert.deepEqual(await world.story("one", BEGIN), ["900 succeeded"]);
  await scheduler.stop();
});

Deno.test("ScheduleService reads all documents soon after an outage, however long it was", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "0 0 1 1 *" });
  await world.repository.advance("one", undefined, BEGIN / 1000 + 1e6);
  let isAway = true;
  const { list } = world.repository;
  world.repository.list = (...args) => {
    if (isAway) return Promise.reject(new StoreUnavailableError("away"));
    return list.apply(world.repository, args);
  };
  const scheduler = startScheduler(world, "a", { repository: world.repository });
  await world.clock.advance(MINUTE);
  assert.equal(scheduler.service.state.getSchedule("one"), undefined);
  isAway = false;
  await world.clock.advance(10 * SECOND);
  assert.equal(scheduler.service.state.getSchedule("one")?.condition?.type, "scheduled");
  await scheduler.stop();
});

for (const hours of [1, -1]) {
  Deno.test(`ScheduleService runs no slot twice and loses none when the clock jumps by ${hours} h`, async () => {
    const world = await newWorld();
    await world.put("minutely", { schedule: "* * * * *" });
    const scheduler = startScheduler(world, "a", { retention: { maxRecords: 1000, maxAgeMs: 1e12 } });
    await world.clock.advance(90 * MINUTE);
    world.clock.set(world.clock.now() + hours * 60 * MINUTE);
    // Also a document that is looked at meanwhile does not make it go back.
    await scheduler.service.check("minutely", new AbortController().signal);
    await world.clock.advance(90 * MINUTE);
    const slots = (await world.records("minutely")).map(({ slot }) => (slot - BEGIN / 1000) / 60);
    const end = 180 + hours * 60;
    assert.deepEqual(slots, Array.from({ length: end }, (_, index) => index + 1));
    assert.equal(new Set(world.starts.map(({ name }) => name)).size, world.starts.length);
    await scheduler.stop();
  });
}

Deno.test("ScheduleService adopts a run that goes, also one whose record another scheduler has closed", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "* * * * *" }, { ms: 12 * MINUTE });
  const first = startScheduler(world, "a");
  await world.clock.advance(MINUTE + SECOND);
  first.kill();
  const other = startScheduler(world, "b");
  await world.clock.advance(4 * MINUTE);
  assert.match((await world.story("one", BEGIN)).at(-1)!, /^300 skipped: the run one@\d+ was still going/);
  await world.put("one", { schedule: "* * * * *", enabled: false });
  await world.clock.advance(3 * MINUTE);
  assert.match(
    (await world.story("one", BEGIN))[0]!,
    /^60 failed: its scheduler a has given no sign of life since 2025/,
  );
  const back = startScheduler(world, "a");
  await world.clock.advance(SECOND);
  assert.equal((await world.story("one", BEGIN))[0], "60 running");
  await world.clock.advance(6 * MINUTE);
  assert.equal((await world.story("one", BEGIN))[0], "60 succeeded");
  assert.deepEqual(world.engine("a").list(), []);
  await other.stop();
  await back.stop();
  assert.deepEqual(world.broken, []);
});

Deno.test("ScheduleService waits for an engine that comes back, not forever, and not for broken code", async () => {
  const world = await newWorld();
  for (const id of ["one", "two"]) await world.put(id, { schedule: "* * * * *" });
  await world.put("strict", { schedule: "* * * * *", berth: { starting_deadline_seconds: 30 } });
  const scheduler = startScheduler(world, "a");
  const engine = world.engine("a");
  engine.startProblem = new EngineUnavailableError("no engine answers");
  await world.clock.advance(MINUTE + 20 * SECOND);
  assert.deepEqual(await world.story("one", BEGIN), ["60 claimed: waiting: no engine answers"]);
  engine.startProblem = undefined;
  await world.clock.advance(20 * SECOND);
  for (const id of ["one", "two", "strict"]) {
    assert.deepEqual(await world.story(id, BEGIN), ["60 succeeded"], id);
  }
  engine.startProblem = new EngineUnavailableError("no engine answers");
  await world.clock.advance(6 * MINUTE);
  assert.equal(
    (await world.story("one", BEGIN))[1],
    "120 failed: it could not be started: no engine answers",
  );
  assert.equal(
    (await world.story("strict", BEGIN))[1],
    "120 skipped: not started within starting_deadline_seconds, 30: no engine answers",
  );
  engine.startProblem = new InvalidArchiveError("truncated", "the archive is cut off");
  await world.clock.advance(2 * MINUTE);
  assert.match(
    (await world.story("two", BEGIN)).at(-1)!,
    /^540 failed: it could not be started: the archive/,
  );
  await scheduler.stop();
});

Deno.test("ScheduleService closes the record of a run whose container somebody removed", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "* * * * *" }, { ms: 30 * SECOND });
  const scheduler = startScheduler(world, "a");
  await world.clock.advance(MINUTE + SECOND);
  world.engine("a").lose(world.engine("a").list()[0]!.containerId);
  await world.clock.advance(11 * SECOND);
  assert.match((await world.story("one", BEGIN))[0]!, /^60 failed: its container is gone/);
  await scheduler.stop();
});

Deno.test("ScheduleService makes the record anew of a container that has none", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "* * * * *" }, { ms: 30 * SECOND });
  const first = startScheduler(world, "a");
  await world.clock.advance(MINUTE + SECOND);
  first.kill();
  world.database.exec("DELETE FROM runs");
  const second = startScheduler(world, "a");
  await world.clock.advance(40 * SECOND);
  assert.deepEqual(await world.story("one", BEGIN), ["60 succeeded"]);
  assert.deepEqual(world.engine("a").list(), []);
  await second.stop();
});

Deno.test("ScheduleService says nothing of the attempt before while another one goes", async () => {
  const world = await newWorld();
  await world.put("weak", { schedule: "0 0 * * *", berth: { retries: 1 } }, {
    ms: MINUTE,
    exitCodes: [3, 0],
  });
  const scheduler = startScheduler(world, "a");
  await world.clock.advance(SECOND);
  await scheduler.service.runNow("weak");
  await world.clock.advance(MINUTE + 3 * SECOND);
  const [failed] = await world.records("weak");
  assert.deepEqual([failed?.state, failed?.attempt, failed?.exitCode], ["claimed", 1, 3]);
  assert.equal(failed?.reason, "attempt 1 of 2 failed: It ended with exit code 3.");
  await world.clock.advance(10 * SECOND);
  const [going] = await world.records("weak");
  const { attempt, state, reason, exitCode, finishedAt, durationMs, result, resultStatus } = going!;
  assert.deepEqual([state, attempt, reason], ["running", 2, ""]);
  assert.deepEqual([exitCode, finishedAt, durationMs, result, resultStatus], Array(5).fill(undefined));
  assert.deepEqual(scheduler.service.state.getSchedule("weak")?.openRuns, [going]);
  // How the second one ends is not known.
  for (const { containerId } of world.engine("a").list()) world.engine("a").lose(containerId);
  await world.clock.advance(20 * SECOND);
  const [lost] = await world.records("weak");
  assert.deepEqual([lost?.state, lost?.exitCode, lost?.result], ["failed", undefined, undefined]);
  await scheduler.stop();
});

Deno.test("ScheduleService removes records that are too old, also of a schedule that is no more", async () => {
  const world = await newWorld();
  await world.put("gone", { schedule: "* * * * *" });
  await world.put("disabled", { schedule: "* * * * *" });
  const scheduler = startScheduler(world, "a", { retention: { maxRecords: 100, maxAgeMs: 3_600_000 } });
  await world.clock.advance(MINUTE);
  await world.delete("gone");
  await world.put("disabled", { schedule: "* * * * *", enabled: false });
  await world.clock.advance(59 * MINUTE);
  for (const id of ["gone", "disabled"]) assert.deepEqual(await world.story(id, BEGIN), ["60 succeeded"]);
  await world.clock.advance(12 * MINUTE);
  for (const id of ["gone", "disabled"]) assert.deepEqual(await world.story(id, BEGIN), []);
  await scheduler.stop();
});

Deno.test("ScheduleService keeps so much history of each schedule", async () => {
  const world = await newWorld();
  await world.put("one", { schedule: "* * * * *" });
  const scheduler = startScheduler(world, "a", { retention: { maxRecords: 3, maxAgeMs: 1e12 } });
  await world.clock.advance(10 * MINUTE + 20 * SECOND);
  assert.deepEqual(await world.story("one", BEGIN), ["480 succeeded", "540 succeeded", "600 succeeded"]);
  await scheduler.stop();
});

Deno.test("ScheduleService starts no run that was closed while its process was frozen in the middle of the start", async () => {
  const world = await newWorld();
  await world.put("once", { schedule: "1 0 1 3 *" });
  const one = startScheduler(world, "one");
  // Claimed, and its container is being made.
  await world.clock.advance(MINUTE - 500 + 20);
  assert.deepEqual(await world.story("once", BEGIN), ["60 claimed"]);
  const thaw = one.freeze();
  const two = startScheduler(world, "two");
  await world.clock.advance(6 * MINUTE);
  const closed = await world.story("once", BEGIN);
  assert.match(closed.join(), /^60 failed: its scheduler one has given no sign of life since/);
  thaw();
  await world.clock.advance(MINUTE);
  assert.deepEqual(world.starts, []);
  assert.deepEqual(await world.story("once", BEGIN), closed);
  await one.stop();
  await two.stop();
});

Deno.test("ScheduleService starts a run whose claim still stands, however long its process was frozen", async () => {
  const world = await newWorld();
  await world.put("once", { schedule: "1 0 1 3 *" });
  const one = startScheduler(world, "one");
  await world.clock.advance(MINUTE - 500 + 20);
  const thaw = one.freeze();
  await world.clock.advance(4.5 * MINUTE);
  thaw();
  await world.clock.advance(MINUTE);
  assert.deepEqual(await world.story("once", BEGIN), ["60 succeeded"]);
  assert.equal(world.starts.length, 1);
  await one.stop();
});

Deno.test("ScheduleService starts no run while its right to serve is in doubt, and does after that", async () => {
  const world = await newWorld();
  await world.put("once", { schedule: "1 0 1 3 *" });
  let why: string | undefined = "the database to confirm that no other service has taken over";
  const one = startScheduler(world, "one", { whyIdle: () => why });
  await world.clock.advance(MINUTE + 20 * SECOND);
  assert.deepEqual(world.starts, []);
  assert.match(
    (await world.story("once", BEGIN)).join(),
    /^60 claimed: waiting: The run waits for the database to confirm/,
  );
  why = undefined;
  await world.clock.advance(20 * SECOND);
  assert.deepEqual(await world.story("once", BEGIN), ["60 succeeded"]);
  assert.equal(world.starts.length, 1);
  await one.stop();
});
