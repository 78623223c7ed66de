import assert from "node:assert/strict";
import type { WorkOrder } from "../../../../lib/cluster/work_orders.ts";
import { systemClock } from "../../../../lib/util/clock.ts";
import type { RecordStore } from "../../../../services/records/record_store.ts";
import { connectSqlite } from "../../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { RequestBox } from "../../../../services/supervisors/request_box.ts";
import { SessionBook } from "../../../../services/supervisors/session_book.ts";
import { Supervisors, type SupervisorsParts } from "../../../../services/supervisors/supervisors.ts";
import { until } from "../../../support/until.ts";

const ORDER = {
  id: "0123456789abcdef0123456789abcdef",
  executable: { id: "bot" },
  lease: { key: "bot/bot", owner: "o", epoch: 1, leaseSeconds: 10 },
} as WorkOrder;
const TAKER = { task: "t", node: "n", nonce: "a".repeat(64) };
const REPORT = { nonce: TAKER.nonce, answers: [], ranForMs: 1000 };

Deno.test("a renewal does not wait for a slow database to write its report down; a later one writes it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const database = connectSqlite(`${folder}/berth.sqlite`);
  await using sqlite = new SqliteRecordStore(database);
  await sqlite.open();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let calls = 0;
  const records: RecordStore = Object.assign(Object.create(sqlite), {
    get: (...args: Parameters<RecordStore["get"]>) => released.then(() => sqlite.get(...args)),
    list: (...args: Parameters<RecordStore["list"]>) => released.then(() => sqlite.list(...args)),
    insert: async (...args: Parameters<RecordStore["insert"]>) => {
      if (args[0] !== "supervisor_sessions") {
        calls++;
        await released;
      }
      return await sqlite.insert(...args);
    },
  });
  const clock = { ...systemClock, sleep: () => systemClock.sleep(1) };
  const sessions = new SessionBook(records, clock);
  const supervisors = new Supervisors({
    sessions,
    clock,
    requests: new RequestBox(records, clock),
    orders: { get: () => Promise.resolve(ORDER) },
    leases: { renew: () => Promise.resolve(true) },
  } as unknown as SupervisorsParts);

  const token = (await sessions.begin(ORDER, TAKER, {}))!;
  const taken = await supervisors.admit(token);
  for (let count = 0; count < 3; count++) {
    assert.equal(typeof (await supervisors.renew(taken, REPORT)).renewInMs, "number");
  }
  release();
  await until("the report is written down", async () => {
    await supervisors.renew(taken, REPORT);
    return (await sessions.read(ORDER.id))?.startedAt !== undefined;
  });
  assert.equal(calls, 1, "the renewals that came meanwhile began no write of their own");
  database.close();
  await Deno.remove(folder, { recursive: true });
});
