import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { BotDocument } from "../../../../services/documents/bot_repository.ts";
import { DocumentObserver } from "../../../../services/revisions/observe_documents.ts";
import { RevisionHistory } from "../../../../services/revisions/revision_history.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { settle } from "../../../support/fake_clock.ts";

/** As many as are looked at at once. */
const OTHERS = 32;

Deno.test("DocumentObserver answers once the document is noted, however many ask", async () => {
  using database = new DatabaseSync(":memory:");
  const records = new SqliteRecordStore(database);
  await records.open();
  const revisions = new RevisionHistory(records, { now: () => 0 }, "");
  const reading = Promise.withResolvers<BotDocument>();
  let reads = 0;
  const get = () => {
    reads++;
    return reading.promise;
  };
  const observer = new DocumentObserver({ revisions, bots: { get }, schedules: { get } });
  // Others are being looked at, so this one waits.
  for (let n = 0; n < OTHERS; n++) void observer.observe("bot", `other-${n}`);
  await settle();
  let answers = 0;
  for (
    const asking of [
      observer.observe("bot", "mine"),
      observer.observe("bot", "mine"),
      observer.observed("mine"),
    ]
  ) {
    void asking.then(() => answers++);
  }
  await settle();
  assert.equal(answers, 0);
  reading.resolve({ id: "mine", config: {} } as unknown as BotDocument);
  await observer.observe("bot", "mine");
  await settle();
  assert.equal(answers, 3);
  assert.equal(reads, OTHERS + 1);
  assert.equal((await revisions.latest("mine"))?.number, 1);
  await observer.observed("mine");
});
