import assert from "node:assert/strict";
import { ExitHistory, MAX_KEPT_EXITS } from "../../../../services/bots/exit_history.ts";
import { type BotEnd, ServiceState } from "../../../../services/bots/service_state.ts";
import { DatabaseSync } from "node:sqlite";
import { BOTS } from "../../../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../../../services/sqlite/sqlite_document_repository.ts";
import { SqliteRecordStore } from "../../../../services/sqlite/sqlite_record_store.ts";
import { until } from "../../../support/until.ts";

function endOf(number: number, more: Partial<BotEnd> = {}): BotEnd {
  return {
    type: "exited",
    id: "bot",
    containerId: `c${number}`,
    attempt: number,
    startedAt: new Date(number * 1000),
    at: new Date(number * 1000 + 500),
    exit: { exitCode: number },
    ...more,
  } as BotEnd;
}

class HistoryFixture implements Disposable {
  readonly database = new DatabaseSync(":memory:");
  readonly bots = new SqliteDocumentRepository(this.database, BOTS);
  readonly #records = new SqliteRecordStore(this.database);
  readonly history = new ExitHistory(this.#records);

  static async open(): Promise<HistoryFixture> {
    const fixture = new HistoryFixture();
    await fixture.#records.open();
    return fixture;
  }

  readonly again = (): ExitHistory => new ExitHistory(this.#records);

  [Symbol.dispose](): void {
    this.database.close();
  }
}

Deno.test("ExitHistory keeps the last ends with their reasons, also for the next process", async () => {
  using fixture = await HistoryFixture.open();
  const { history, again } = fixture;
  assert.deepEqual(await history.read("bot"), []);
  for (let number = 1; number <= MAX_KEPT_EXITS + 3; number++) await history.keep(endOf(number));
  const kept = await again().read("bot");
  assert.deepEqual(
    kept.map(({ containerId }) => containerId),
    [13, 12, 11, 10, 9, 8, 7, 6, 5, 4].map((n) => `c${n}`),
  );
  assert.deepEqual(kept[0], {
    containerId: "c13",
    startedAt: "1970-01-01T00:00:13.000Z",
    at: "1970-01-01T00:00:13.500Z",
    attempt: 13,
    exitCode: 13,
    reason: "exit code 13",
  });
  assert.deepEqual(await history.read("other"), []);
});

Deno.test("ExitHistory notes a container once, however often it is reported", async () => {
  using fixture = await HistoryFixture.open();
  const { history, again } = fixture;
  await history.keep({ ...endOf(1), type: "stopped", why: "replaced", exit: { exitCode: 143 } });
  await again().keep(endOf(1));
  await Promise.all([again().keep(endOf(2)), history.keep(endOf(2)), again().keep(endOf(3))]);
  const killed = { type: "stopped", why: "replaced", exit: { exitCode: 137 }, isKilled: true } as const;
  await history.keep({ ...endOf(4), ...killed });
  const kept = await history.read("bot");
  assert.match(kept[0]!.reason, /^stopped: replaced \(exit code 137 .*grace period, stop_grace_seconds/);
  assert.deepEqual(kept.slice(1).map(({ reason }) => reason), [
    "exit code 3",
    "exit code 2",
    "stopped: replaced (exit code 143 (SIGTERM))",
  ]);
});

Deno.test("ExitHistory keeps in memory what the database does not take, and writes it later", async () => {
  using fixture = await HistoryFixture.open();
  const { history, again, database } = fixture;
  database.exec("ALTER TABLE records RENAME TO away");
  await history.keep(endOf(1));
  database.exec("ALTER TABLE away RENAME TO records");
  assert.deepEqual((await history.read("bot")).map(({ containerId }) => containerId), ["c1"]);
  await history.keep(endOf(2));
  assert.deepEqual((await again().read("bot")).map(({ containerId }) => containerId), ["c2", "c1"]);
});

Deno.test("ExitHistory watches a service, and forgets a bot whose document is gone", async () => {
  using fixture = await HistoryFixture.open();
  const { history, bots } = fixture;
  await bots.open();
  const state = new ServiceState();
  const stop = history.watch(state, bots);
  await bots.write({ type: "created", id: "kept", document: { id: "kept" }, order: {} });
  for (const id of ["bot", "kept"]) {
    state.setRunningBot({ id, condition: { type: "running" } });
    state.report(endOf(1, { id }));
    state.report({ type: "started", id, containerId: "c2", attempt: 1, at: new Date(0) });
  }
  for (const id of ["bot", "kept"]) {
    await until("the end is noted", async () => (await history.read(id)).length === 1);
    // `kept` goes to another service with its document.
    state.removeRunningBot(id);
  }
  await until("the bot is forgotten", async () => (await history.read("bot")).length === 0);
  assert.equal((await history.read("kept")).length, 1);
  stop();
  state.report(endOf(5));
  assert.deepEqual(await history.read("bot"), []);
});
