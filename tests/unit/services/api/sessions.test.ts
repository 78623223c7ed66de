import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Sessions } from "../../../../services/api/sessions.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const HOUR_MS = 3_600_000;

for (
  const [what, tokenEnds, hours] of [
    ["a session lasts twelve hours", undefined, 12],
    ["a session ends when its token ends", HOUR_MS, 1],
    ["a session lasts twelve hours, however long its token lasts", 24 * HOUR_MS, 12],
  ] as const
) {
  Deno.test(what, async () => {
    const database = new DatabaseSync(":memory:");
    using _database = { [Symbol.dispose]: () => database.close() };
    await using records = new SqliteRecordStore(database);
    await records.open();
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const sessions = new Sessions(records, clock);
    const ends = tokenEnds && clock.now() + tokenEnds;
    const caller = { name: "token t", role: "read", from: "unix", ...(ends && { tokenEnds: ends }) } as const;
    const { code } = await sessions.createCode(caller);
    const secret = await sessions.begin(code);
    assert.ok(secret !== undefined);
    await clock.advance(hours * HOUR_MS - 1);
    assert.equal((await sessions.verify(secret))?.role, "read");
    await clock.advance(1);
    assert.equal(await sessions.verify(secret), undefined);
  });
}
