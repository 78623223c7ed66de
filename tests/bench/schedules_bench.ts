/**
 * Measures how long it takes to find, claim and advance what is due among many schedules in the embedded database,
 * against the same statements on plain tables of the same size in the same run. Run with `deno task bench`.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { SqliteRunRepository } from "../../services/sqlite/sqlite_run_repository.ts";
import { SqliteScheduleRepository } from "../../services/sqlite/sqlite_schedule_repository.ts";
import { inTransaction } from "../../services/sqlite/sqlite_transaction.ts";
import { runId, type RunRecord } from "../../services/schedules/run_repository.ts";
import { median } from "../support/measures.ts";

const SCHEDULES = 100_000;
const DUE = 100;
const ROUNDS = 25;
/** Rounds that are not counted: everything is read for the first time in the first one. */
const WARM_UP = 2;
const FIRST_SLOT = 1_790_000_000;
const LATER = 10_000_000;
const FIND_AND_CLAIM_MS = 50;
const ALL_MS = 150;

/** How long each step of a round took, in ms. */
interface Times {
  readonly find: number;
  readonly claim: number;
  readonly advance: number;
}

const folder = await Deno.makeTempDir({ prefix: "berth-schedules-bench-" });
try {
  using database = connectSqlite(`${folder}/berth.sqlite`);
  using raw = connectSqlite(`${folder}/raw.sqlite`);
  const schedules = new SqliteScheduleRepository(database);
  const runs = new SqliteRunRepository(database);
  await schedules.open();
  fill(database, "INSERT INTO bot_schedules (id, document) VALUES (?, ?)", false);
  raw.exec(`CREATE TABLE schedules (id TEXT PRIMARY KEY, document TEXT, next INTEGER);
    CREATE INDEX by_next ON schedules (next); CREATE TABLE runs (id TEXT PRIMARY KEY, record TEXT);`);
  fill(raw, "INSERT INTO schedules (id, document, next) VALUES (?, ?, ?)", true);

  const ours: Times[] = [];
  const theirs: Times[] = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    const now = slotOf(round * DUE);
    ours.push(await runRound(schedules, runs, now));
    theirs.push(runRawRound(raw, now));
  }
  report("Berth", ours.slice(WARM_UP));
  report("plain tables", theirs.slice(WARM_UP));
  const [mine, plain] = [ours, theirs].map((times) => median(times.slice(WARM_UP).map(sum)));
  console.log(`ratio of medians, all three steps: ${(mine! / plain!).toFixed(2)}`);
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function runRound(
  schedules: SqliteScheduleRepository,
  runs: SqliteRunRepository,
  now: number,
): Promise<Times> {
  const begin = performance.now();
  const due = await schedules.due(now, 1000);
  const found = performance.now();
  const claimed = await runs.insert(due.map(({ key }) => recordOf(key, now)));
  const inserted = performance.now();
  const advanced = await schedules.advanceAll(
    due.map(({ key: id, nextExecutionTime: from }) => ({ id, from, to: now + LATER })),
  );
  const end = performance.now();
  if (claimed.size !== DUE || advanced.size !== DUE) throw new Error(`${claimed.size}, ${advanced.size}`);
  return { find: found - begin, claim: inserted - found, advance: end - inserted };
}

/** The least that any program would do: the same rows found, the same number of bytes written, as often committed. */
function runRawRound(raw: DatabaseSync, now: number): Times {
  const begin = performance.now();
  const due = raw.prepare("SELECT id, document FROM schedules WHERE next <= ? ORDER BY next").all(now);
  const parsed = due.map(({ document }) => JSON.parse(document as string));
  const found = performance.now();
  inTransaction(raw, () => {
    const insert = raw.prepare("INSERT INTO runs VALUES (?, ?) ON CONFLICT DO NOTHING");
    for (const { id } of parsed) insert.run(runId(id, now), JSON.stringify(recordOf(id, now)));
  });
  const inserted = performance.now();
  inTransaction(raw, () => {
    const update = raw.prepare("UPDATE schedules SET next = ?, document = ? WHERE id = ?");
    for (const document of parsed) {
      const next_execution_time = now + LATER;
      update.run(next_execution_time, JSON.stringify({ ...document, next_execution_time }), document.id);
    }
  });
  const end = performance.now();
  return { find: found - begin, claim: inserted - found, advance: end - inserted };
}

function fill(database: DatabaseSync, sql: string, hasTime: boolean): void {
  inTransaction(database, () => {
    const insert = database.prepare(sql);
    for (let n = 0; n < SCHEDULES; n++) {
      // Those that are due together do not lie together.
      const id = `schedule-${(n * 7919) % SCHEDULES}`;
      const document = JSON.stringify(documentOf(id, slotOf(n)));
      insert.run(id, document, ...(hasTime ? [slotOf(n)] : []));
    }
  });
}

function slotOf(n: number): number {
  return FIRST_SLOT + Math.floor(n / DUE) * 60;
}

function documentOf(id: string, time: number): Record<string, unknown> {
  return {
    id,
    segment_id: 0,
    config: {
      schedule: "*/5 * * * *",
      symbol: "BTC-USD",
      limits: { loss: 0.02, orders: 5 },
      note: "x".repeat(200),
    },
    custom: {
      version: "1.0.0",
      filePath: `user/${id}/1.0.0`,
      updatedAt: "2026-01-01T00:00:00.000Z",
      config: { name: id, runtime: "python3.11", entrypoints: { bot: "main.py" } },
    },
    next_execution_time: time,
  };
}

function recordOf(scheduleId: string, slot: number): RunRecord {
  const now = new Date();
  return {
    id: runId(scheduleId, slot),
    scheduleId,
    slot,
    trigger: "schedule",
    state: "claimed",
    instance: "bench",
    seenAt: now,
    claimedAt: now,
    version: "1.0.0",
    attempt: 0,
  };
}

function report(name: string, times: readonly Times[]): void {
  const both = times.map(({ find, claim }) => find + claim);
  console.log(
    `${name}: ${DUE} of ${SCHEDULES} schedules due, median of ${times.length} rounds: ` +
      `found ${shown(times.map(({ find }) => find))} ms, claimed ${
        shown(times.map(({ claim }) => claim))
      } ms, ` +
      `advanced ${shown(times.map(({ advance }) => advance))} ms; ` +
      `found and claimed ${shown(both)} ms (goal ${FIND_AND_CLAIM_MS}), worst ${
        Math.max(...both).toFixed(1)
      }; ` +
      `all ${shown(times.map(sum))} ms (goal ${ALL_MS}), worst ${Math.max(...times.map(sum)).toFixed(1)}`,
  );
}

function sum({ find, claim, advance }: Times): number {
  return find + claim + advance;
}

function shown(values: readonly number[]): string {
  return median(values).toFixed(1);
}
