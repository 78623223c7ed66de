import assert from "node:assert/strict";
import { StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";
import type { RecordStore } from "../../../../services/records/record_store.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { UsageReports } from "../../../../services/supervisors/usage_reports.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

const USAGE = { cpuSeconds: 1, memoryBytes: 2_000_000 };
const COLLECTION = "supervisor_usage";

/** Reports of two processes, at a time that the test sets. */
async function twoProcesses() {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const database = connectSqlite(`${folder}/berth.sqlite`);
  const records = new SqliteRecordStore(database);
  await records.open();
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const shared = async (count: number) => {
    await until("shared reports", async () => (await records.list(COLLECTION)).length === count);
  };
  return {
    records,
    clock,
    shared,
    one: new UsageReports(records, clock),
    other: new UsageReports(records, clock),
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("UsageReports gives the latest report of a container, whichever process took it", async () => {
  await using world = await twoProcesses();
  const { one, other, clock, shared } = world;
  assert.equal(await other.of("a"), undefined);
  one.take("a", USAGE);
  await shared(1);
  clock.freeze(10_000);
  assert.deepEqual(await other.of("a"), { ...USAGE, time: new Date(Date.UTC(2026, 0, 1)) });
  one.take("a", { ...USAGE, cpuSeconds: 2 });
  await shared(2);
  clock.freeze(10_000);
  assert.equal((await other.of("a"))?.cpuSeconds, 2);
  other.take("a", { ...USAGE, cpuSeconds: 3 });
  assert.equal((await other.of("a"))?.cpuSeconds, 3);
});

Deno.test("UsageReports gives no report of the time before the last minute", async () => {
  await using world = await twoProcesses();
  const { one, other, clock, shared } = world;
  one.take("a", USAGE);
  await shared(1);
  clock.freeze(60_000);
  assert.equal(await one.of("a"), undefined);
  assert.equal(await other.of("a"), undefined);
});

Deno.test("UsageReports shares the reports of many containers together, and removes old ones", async () => {
  await using world = await twoProcesses();
  const { records, one, other, clock, shared } = world;
  one.take("first", USAGE);
  await shared(1);
  clock.freeze(9_000);
  for (const order of ["a", "b", "c"]) one.take(order, USAGE);
  assert.equal((await records.list(COLLECTION)).length, 1);
  clock.freeze(1_000);
  one.take("d", USAGE);
  await shared(2);
  clock.freeze(6_000);
  for (const order of ["a", "b", "c", "d"]) assert.ok(await other.of(order), order);
  clock.freeze(5 * 60_000);
  one.take("d", USAGE);
  await shared(1);
});

Deno.test("UsageReports keeps what it took itself while the database does not answer", async () => {
  await using world = await twoProcesses();
  const fail = () => Promise.reject(new StoreUnavailableError("The database does not answer"));
  const away = { insert: fail, list: fail, deleteBefore: fail } as Pick<
    RecordStore,
    "insert" | "list" | "deleteBefore"
  >;
  const reports = new UsageReports(away, world.clock);
  reports.take("a", USAGE);
  assert.equal((await reports.of("a"))?.cpuSeconds, 1);
  await assert.rejects(reports.of("b"), StoreUnavailableError);
});
