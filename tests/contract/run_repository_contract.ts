/**
 * The contract of every ledger, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  changeRun,
  type PageRunsOptions,
  type RunChange,
  runId,
  type RunRecord,
  type RunRepository,
  type RunState,
} from "../../services/schedules/run_repository.ts";
import { claimInProcesses, CLAIMS } from "../support/processes/run_claimer.ts";

/** A ledger to test, with a database of its own that was never opened and is empty. */
export interface RunRepositoryFixture extends AsyncDisposable {
  /** The ledger. */
  readonly repository: RunRepository;
  /** Opens another ledger on the same database, as another scheduler would. */
  readonly another: () => RunRepository;
  /** Changes a stored field past the ledger, in the form that the database has for it. */
  readonly damage: (id: string, field: string, value: string) => Promise<void>;
  /** Arguments by which `run_claimer.ts` finds the same database in another process. */
  readonly claimerArgs: readonly string[];
}

/** The ledger under test. */
export interface RunRepositoryContractOptions {
  /** Name of the ledger, for the names of the tests. */
  readonly name: string;
  /** Makes a ledger. */
  readonly make: () => Promise<RunRepositoryFixture>;
}

const SLOT = 1_790_000_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A record of slot number `n`, claimed a second after it. */
function recordOf(scheduleId: string, n: number, state: RunState = "claimed"): RunRecord {
  const slot = SLOT + n * 60;
  return {
    id: runId(scheduleId, slot),
    scheduleId,
    slot,
    trigger: "schedule",
    state,
    instance: "one",
    seenAt: new Date((slot + 1) * 1000),
    claimedAt: new Date((slot + 1) * 1000),
    attempt: 0,
  };
}

/** A record with everything in it. */
function wholeRecord(): RunRecord {
  return {
    ...recordOf("whole", 0, "failed"),
    trigger: "catch-up",
    requestedBy: "token ci",
    reason: 'it "failed"\n; é 🤖',
    startedAt: new Date(1_790_000_001_234),
    finishedAt: new Date(1_790_000_009_999),
    startLagMs: 1234,
    durationMs: 8765.5,
    exitCode: 137,
    version: "1.2.3",
    attempt: 3,
    containerName: "berth_main_run_x",
    log: "logs/whole/",
    resultStatus: "stored",
    result: "whole/1790000000.json",
  };
}

/**
 * Registers the tests.
 *
 * @param options The options under test.
 */
export function testRunRepositoryContract({ name, make }: RunRepositoryContractOptions): void {
  const test = (what: string, body: (fixture: RunRepositoryFixture) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using fixture = await make();
      await fixture.repository.open();
      await body(fixture);
    });

  test("an empty ledger has no runs, and open() again changes nothing", async ({ repository }) => {
    assert.deepEqual(await repository.list("a"), []);
    assert.deepEqual(await repository.listOpen(), []);
    assert.equal(await repository.get("a@1"), undefined);
    assert.equal(await repository.update("a@1", { state: "running" }), false);
    assert.deepEqual(await repository.insert([]), new Set());
    await repository.insert([recordOf("a", 0)]);
    await repository.open();
    assert.equal((await repository.list("a")).length, 1);
  });

  test("a record comes back as it was inserted", async ({ repository, another }) => {
    const [least, whole] = [recordOf("least", 0), wholeRecord()];
    assert.deepEqual(await repository.insert([least, whole]), new Set([least.id, whole.id]));
    await using other = another();
    assert.deepEqual(await other.get(least.id), least);
    assert.deepEqual(await other.get(whole.id), whole);
    assert.deepEqual(await other.list("whole"), [whole]);
    assert.deepEqual(await other.listOpen(), [least]);
  });

  test("insert() tells exactly which records were not there, and leaves those that were", async ({ repository, another }) => {
    const records = Array.from({ length: 10 }, (_, n) => recordOf("a", n));
    const theirs = [records[1]!, records[4]!, records[9]!];
    await using other = another();
    assert.equal((await other.insert(theirs)).size, 3);
    const ours = records.map((record) => ({ ...record, instance: "two" }));
    const inserted = await repository.insert(ours);
    assert.deepEqual(inserted, new Set(ours.filter((_, n) => ![1, 4, 9].includes(n)).map(({ id }) => id)));
    for (const { id } of records) {
      assert.equal((await repository.get(id))?.instance, inserted.has(id) ? "two" : "one", id);
    }
    assert.deepEqual(await repository.insert(ours), new Set());
  });

  test("of two records of one id in one insert, the first is inserted", async ({ repository }) => {
    const record = recordOf("a", 0);
    const again = { ...record, instance: "two" };
    assert.deepEqual(await repository.insert([record, again]), new Set([record.id]));
    assert.deepEqual(await repository.list("a"), [record]);
  });

  test("of many claimers of one slot, one makes it", async ({ repository, another }) => {
    await using other = another();
    for (let n = 0; n < 20; n++) {
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, i) => [repository, other][i % 2]!.insert([recordOf("a", n)])),
      );
      assert.equal(claims.filter(({ size }) => size > 0).length, 1);
    }
    assert.equal((await repository.list("a")).length, 20);
  });

  test(`of ${CLAIMS} slots that two processes claim at once, each is claimed once`, async ({ repository, claimerArgs }) => {
    const [first, second] = await claimInProcesses(claimerArgs, ["one", "two"]);
    const all = [...first!, ...second!];
    assert.equal(all.length, CLAIMS);
    assert.equal(new Set(all).size, CLAIMS);
    const recorded = (await repository.listOpen()).map(({ id, instance }) => `${instance} ${id}`);
    const told = [...first!.map((id) => `one ${id}`), ...second!.map((id) => `two ${id}`)];
    assert.deepEqual(recorded.sort(), told.sort());
  });

  test("update() changes what it names, and nothing else", async ({ repository }) => {
    const [a, b] = [recordOf("a", 0), recordOf("b", 0)];
    await repository.insert([a, b]);
    const { id, scheduleId, slot, trigger, requestedBy, claimedAt, ...change } = wholeRecord();
    assert.equal(await repository.update(a.id, change), true);
    assert.deepEqual(await repository.get(a.id), { ...a, ...change });
    assert.deepEqual(await repository.get(b.id), b);
    assert.equal(await repository.update(a.id, { reason: "other", exitCode: undefined }), true);
    assert.deepEqual(await repository.get(a.id), { ...a, ...change, reason: "other" });
    assert.equal(await repository.update(a.id, {}), true);
    assert.equal(await repository.update("nobody@1", { reason: "x" }), false);
    assert.equal(await repository.get("nobody@1"), undefined);
    assert.ok(id && scheduleId && slot && trigger && requestedBy && claimedAt);
  });

  test("update() takes away what it names with null, and nothing else", async ({ repository }) => {
    const whole = wholeRecord();
    await repository.insert([whole]);
    const change: RunChange = { state: "running", exitCode: null, finishedAt: null, result: null };
    assert.equal(await repository.update(whole.id, change), true);
    const { exitCode, finishedAt, result, ...rest } = whole;
    assert.ok(exitCode && finishedAt && result);
    assert.deepEqual(await repository.get(whole.id), { ...rest, state: "running" });
    assert.deepEqual(await repository.get(whole.id), changeRun(whole, change));
    assert.equal(await repository.update(whole.id, { exitCode: null }), true);
    assert.equal(await repository.update(whole.id, { exitCode: 0 }), true);
    assert.equal((await repository.get(whole.id))?.exitCode, 0);
  });

  test("update() of one instance leaves what another looks after", async ({ repository }) => {
    const a = recordOf("a", 0);
    await repository.insert([a]);
    assert.equal(await repository.update(a.id, { attempt: 1 }, { instance: "two" }), false);
    assert.deepEqual(await repository.get(a.id), a);
    assert.equal(await repository.update(a.id, { instance: "two" }, { instance: "one" }), true);
    assert.equal(await repository.update(a.id, { instance: "three" }, { instance: "one" }), false);
    assert.equal(await repository.update(a.id, { attempt: 2 }, { instance: "two" }), true);
    assert.deepEqual(await repository.get(a.id), { ...a, instance: "two", attempt: 2 });
  });

  test("list() gives one schedule's runs, the latest slot first", async ({ repository }) => {
    const records = [3, 1, 2, 0].map((n) => recordOf("a", n, n === 1 ? "failed" : "claimed"));
    const manual: RunRecord = {
      ...recordOf("a", 2),
      id: runId("a", SLOT + 120, "manual"),
      trigger: "manual",
      claimedAt: new Date((SLOT + 150) * 1000),
    };
    await repository.insert([...records, manual, recordOf("b", 5), recordOf("a-", 6)]);
    const [three, one, two, zero] = records;
    assert.deepEqual(await repository.list("a"), [three, manual, two, one, zero]);
    assert.deepEqual(await repository.list("a", { limit: 2 }), [three, manual]);
  });

  test("page() gives the runs of all schedules or of one in pages, the latest slot first", async ({ repository }) => {
    const records = ["a", "b", "a-"].flatMap((id) => [0, 1, 2, 3].map((n) => recordOf(id, n, "succeeded")));
    await repository.insert(records);
    const ordered = records.toSorted((a, b) => b.slot - a.slot || (a.id < b.id ? 1 : -1));
    for (const limit of [1, 5, 12, 13]) {
      const found: RunRecord[] = [];
      let page = await repository.page({ limit });
      found.push(...page.runs);
      while (page.next) {
        assert.equal(page.runs.length, limit);
        page = await repository.page({ limit, after: page.next });
        found.push(...page.runs);
      }
      assert.deepEqual(found, ordered, `pages of ${limit}`);
    }
    const ofA = await repository.page({ scheduleId: "a", limit: 3 });
    assert.deepEqual(ofA.runs.map(({ id }) => id), [3, 2, 1].map((n) => recordOf("a", n).id));
    const rest = await repository.page({ scheduleId: "a", limit: 3, after: ofA.next! });
    assert.deepEqual(rest, { runs: [recordOf("a", 0, "succeeded")] });
    assert.deepEqual(await repository.page({ scheduleId: "nobody" }), { runs: [] });
  });

  test("page() takes state, trigger and time", async ({ repository, damage }) => {
    const records: RunRecord[] = [
      recordOf("a", 0, "failed"),
      { ...recordOf("a", 1, "succeeded"), attempt: 1 },
      { ...recordOf("a", 2, "succeeded"), attempt: 2 },
      { ...recordOf("a", 3, "failed"), trigger: "catch-up", attempt: 3 },
      { ...recordOf("a", 4, "succeeded"), trigger: "catch-up", attempt: 1 },
      {
        ...recordOf("a", 5, "running"),
        id: runId("a", SLOT + 300, "manual"),
        trigger: "manual",
        attempt: 1,
        requestedBy: "local",
      },
      { ...recordOf("b", 6, "running"), attempt: 1 },
    ];
    await repository.insert(records);
    await damage(records[1]!.id, "trigger", "full moon");
    const slots = async (options: PageRunsOptions) =>
      (await repository.page(options)).runs.map(({ slot }) => (slot - SLOT) / 60);
    assert.deepEqual(await slots({ state: "failed" }), [3, 0]);
    assert.deepEqual(await slots({ trigger: "retry" }), [3, 2]);
    assert.deepEqual(await slots({ trigger: "schedule" }), [6, 1, 0]);
    assert.deepEqual(await slots({ trigger: "catch-up" }), [4]);
    assert.deepEqual(await slots({ trigger: "manual" }), [5]);
    assert.deepEqual(await slots({ from: SLOT + 60, to: SLOT + 240 }), [3, 2, 1]);
    assert.deepEqual(await slots({ from: SLOT + 60, to: SLOT + 240, after: records[3]!, limit: 1 }), [2]);
    assert.deepEqual(await slots({ scheduleId: "b", state: "running", trigger: "schedule" }), [6]);
    assert.deepEqual(await repository.get(records[5]!.id), records[5]);
  });

  test("page() leaves out a damaged record, and goes on behind it", async ({ repository, damage }) => {
    const records = [0, 1, 2, 3].map((n) => recordOf("a", n, "failed"));
    await repository.insert(records);
    await damage(records[2]!.id, "state", "exploded");
    const first = await repository.page({ limit: 2 });
    assert.deepEqual(first.runs, [records[3]]);
    assert.deepEqual(await repository.page({ limit: 3, after: first.next! }), {
      runs: [records[1], records[0]],
    });
  });

  test("list() gives a hundred where no limit is set", async ({ repository }) => {
    const records = Array.from({ length: 150 }, (_, n) => recordOf("a", n));
    await repository.insert(records);
    assert.deepEqual(await repository.list("a"), records.toReversed().slice(0, 100));
    assert.equal((await repository.list("a", { limit: 1000 })).length, 150);
  });

  test("listOpen() gives what is claimed or running, the earliest slot first", async ({ repository }) => {
    const states: RunState[] = ["claimed", "running", "succeeded", "failed", "timed-out", "skipped"];
    const records = states.flatMap((
      state,
      i,
    ) => [recordOf("a", 10 - i, state), recordOf("b", 20 - i, state)]);
    await repository.insert(records);
    const open = (id: string) => [1, 0].map((i) => recordOf(id, (id === "a" ? 10 : 20) - i, states[i]!));
    assert.deepEqual(await repository.listOpen(), [...open("a"), ...open("b")]);
    assert.deepEqual(await repository.listOpen({ scheduleId: "b" }), open("b"));
    assert.deepEqual(await repository.listOpen({ scheduleId: "c" }), []);
    await repository.update(recordOf("a", 10).id, { state: "succeeded" });
    assert.deepEqual(await repository.listOpen({ scheduleId: "a" }), [open("a")[0]]);
  });

  test("touch() says of one scheduler's open runs when it was there", async ({ repository }) => {
    const seenAt = new Date(1_800_000_000_123);
    const mine = [recordOf("a", 0), recordOf("b", 0, "running")];
    const others = [recordOf("a", 1, "succeeded"), { ...recordOf("a", 2), instance: "two" }];
    await repository.insert([...mine, ...others]);
    await repository.touch("one", seenAt);
    for (const record of mine) assert.deepEqual(await repository.get(record.id), { ...record, seenAt });
    for (const record of others) assert.deepEqual(await repository.get(record.id), record);
    await repository.touch("nobody", new Date(0));
    assert.deepEqual((await repository.get(mine[0]!.id))?.seenAt, seenAt);
  });

  test("touch() undoes no change that is made at the same time", async ({ repository, another }) => {
    const records = Array.from({ length: 50 }, (_, n) => recordOf("a", n));
    await repository.insert(records);
    await using other = another();
    let isOver = false;
    const touching = (async () => {
      for (let at = 1_800_000_000_000; !isOver; at++) await other.touch("one", new Date(at));
    })();
    for (const { id } of records) {
      assert.equal(await repository.update(id, { state: "running" }), true);
      assert.equal(await repository.update(id, { state: "succeeded" }), true);
    }
    isOver = true;
    await touching;
    assert.deepEqual(await repository.listOpen(), []);
  });

  test("trim() keeps so many final records of a schedule, those of the latest slots", async ({ repository }) => {
    const records = Array.from(
      { length: 10 },
      (_, n) => recordOf("a", n, n % 3 === 0 ? "running" : "succeeded"),
    );
    await repository.insert([...records, ...records.map((_, n) => recordOf("b", n, "failed"))]);
    const now = new Date((SLOT + 3600) * 1000);
    assert.equal(await repository.trim("a", { maxRecords: 4, maxAgeMs: DAY_MS }, now), 2);
    const left = (await repository.list("a")).map(({ slot }) => (slot - SLOT) / 60);
    assert.deepEqual(left, [9, 8, 7, 6, 5, 4, 3, 0]);
    assert.equal((await repository.list("b")).length, 10);
    assert.equal(await repository.trim("a", { maxRecords: 4, maxAgeMs: DAY_MS }, now), 0);
    assert.equal(await repository.trim("a", { maxRecords: Infinity, maxAgeMs: Infinity }, now), 0);
    assert.equal(await repository.trim("a", { maxRecords: 0, maxAgeMs: DAY_MS }, now), 4);
    assert.deepEqual((await repository.list("a")).map(({ state }) => state), Array(4).fill("running"));
  });

  test("trim() removes final records that were made too long ago, whatever their slot", async ({ repository }) => {
    const now = new Date(1_900_000_000_000);
    const made = (n: number, ageMs: number, state: RunState = "skipped"): RunRecord => ({
      ...recordOf("a", n, state),
      claimedAt: new Date(now.getTime() - ageMs),
    });
    await repository.insert([
      made(0, 30 * DAY_MS),
      made(1, 30 * DAY_MS + 1),
      made(2, 31 * DAY_MS, "claimed"),
      made(3, 0),
    ]);
    assert.equal(await repository.trim("a", { maxRecords: 100, maxAgeMs: 30 * DAY_MS }, now), 1);
    assert.deepEqual((await repository.list("a")).map(({ slot }) => (slot - SLOT) / 60), [3, 2, 0]);
  });

  test("expire() removes final records of all schedules that were made too long ago", async ({ repository }) => {
    const before = new Date(1_900_000_000_000);
    const made = (id: string, n: number, ms: number, state: RunState): RunRecord => ({
      ...recordOf(id, n, state),
      claimedAt: new Date(before.getTime() + ms),
    });
    await repository.insert([
      made("a", 0, -1, "succeeded"),
      made("a", 1, -DAY_MS, "running"),
      made("b", 0, -DAY_MS, "skipped"),
      made("b", 1, 0, "failed"),
      made("b", 2, -1, "claimed"),
    ]);
    assert.equal(await repository.expire(before), 2);
    const left = [...await repository.list("a"), ...await repository.list("b")];
    assert.deepEqual(left.map(({ state }) => state), ["running", "claimed", "failed"]);
  });

  test("a damaged record breaks no other, and its slot stays claimed", async ({ repository, damage }) => {
    const records = [0, 1, 2].map((n) => recordOf("a", n));
    await repository.insert(records);
    await damage(records[1]!.id, "state", "exploded");
    assert.deepEqual(await repository.list("a"), [records[2], records[0]]);
    assert.deepEqual(await repository.listOpen(), [records[0], records[2]]);
    assert.equal(await repository.get(records[1]!.id), undefined);
    assert.deepEqual(await repository.insert([records[1]!]), new Set());
    // It can be corrected, and is trimmed like others.
    assert.equal(await repository.update(records[1]!.id, { state: "failed" }), true);
    assert.equal((await repository.list("a")).length, 3);
    await damage(records[1]!.id, "state", "exploded");
    assert.equal(await repository.trim("a", { maxRecords: 0, maxAgeMs: 0 }, new Date()), 1);
  });

  test("a record whose trigger is unknown is one of the schedule", async ({ repository, damage }) => {
    const record = { ...recordOf("a", 0), trigger: "manual" } as const;
    await repository.insert([record]);
    await damage(record.id, "trigger", "full moon");
    assert.deepEqual(await repository.get(record.id), { ...record, trigger: "schedule" });
  });

  test("what is given up rejects with the caller's reason and changes nothing", async ({ repository }) => {
    const record = recordOf("a", 0, "failed");
    await repository.insert([record]);
    const reason = new Error("given up");
    const options = { signal: AbortSignal.abort(reason) };
    for (
      const call of [
        () => repository.open(options),
        () => repository.insert([recordOf("a", 1)], options),
        () => repository.get(record.id, options),
        () => repository.update(record.id, { state: "running" }, options),
        () => repository.list("a", options),
        () => repository.page(options),
        () => repository.listOpen(options),
        () => repository.touch("one", new Date(), options),
        () => repository.trim("a", { maxRecords: 0, maxAgeMs: 0 }, new Date(), options),
        () => repository.expire(new Date(), options),
      ]
    ) await assert.rejects(call, (error) => error === reason);
    assert.deepEqual(await repository.list("a"), [record]);
  });

  test("a closed ledger refuses, and can be closed again", async ({ repository, another }) => {
    await repository[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
    await assert.rejects(repository.listOpen(), { name: "StoreUnavailableError", message: /closed/ });
    await using other = another();
    assert.deepEqual(await other.listOpen(), []);
  });
}
