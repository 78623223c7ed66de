/**
 * Claims slots from several processes at once. As a program: `run_claimer.ts INSTANCE BATCH KIND DATABASE`
 * (`sqlite` and a path, or `mongo`, a name, and `MONGO_URI`), with several claimers in it; it begins when a line comes
 * in, and prints the ids of the slots that it has claimed.
 *
 * @module
 */

import { connectMongo } from "../../../services/mongo/connect_mongo.ts";
import { connectSqlite } from "../../../services/sqlite/connect_sqlite.ts";
import { MongoRunRepository } from "../../../services/mongo/mongo_run_repository.ts";
import { SqliteRunRepository } from "../../../services/sqlite/sqlite_run_repository.ts";
import { StoreUnavailableError } from "../../../services/documents/bot_repository.ts";
import { runId, type RunRepository } from "../../../services/schedules/run_repository.ts";

/** How many slots there are. */
export const CLAIMS = 1000;
const CLAIMERS = 4;
/** How many each process claims at a time: not the same, so that they meet in the middle of a batch. */
const BATCHES = [25, 16] as const;

/**
 * Starts a process for each instance, and lets all claim the same slots at the same time.
 *
 * @param args KIND and DATABASE.
 * @param instances Their names.
 * @returns Ids of the slots that each has claimed.
 */
export async function claimInProcesses(
  args: readonly string[],
  instances: readonly string[],
): Promise<string[][]> {
  const processes = instances.map((instance, i) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        new URL(import.meta.url).pathname,
        instance,
        `${BATCHES[i % 2]}`,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn()
  );
  const outputs = processes.map(({ stdout }) => stdout.pipeThrough(new TextDecoderStream()).getReader());
  // Each says that it is ready.
  for (const output of outputs) await output.read();
  for (const { stdin } of processes) {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    await writer.close();
  }
  const claimed = await Promise.all(outputs.map(readAll));
  for (const { status } of processes) if (!(await status).success) throw new Error("a claimer failed");
  return claimed.map((text) => JSON.parse(text));
}

async function readAll(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  return text;
}

async function claim(
  repository: RunRepository,
  instance: string,
  slots: readonly number[],
  batch: number,
): Promise<string[]> {
  const now = new Date();
  const claimed: string[] = [];
  for (let i = 0; i < slots.length; i += batch) {
    const records = slots.slice(i, i + batch).map((slot) => ({
      id: runId("claims", slot),
      scheduleId: "claims",
      slot,
      trigger: "schedule",
      state: "claimed",
      instance,
      seenAt: now,
      claimedAt: now,
      attempt: 0,
    } as const));
    claimed.push(...await insist(() => repository.insert(records)));
  }
  return claimed;
}

/** Repeats a call that failed because another process held the database for too long. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || !/locked/.test(error.message)) throw error;
    }
  }
}

function openLedger(kind: string, where: string): RunRepository {
  if (kind === "sqlite") return new SqliteRunRepository(connectSqlite(where));
  return new MongoRunRepository(connectMongo(Deno.env.get("MONGO_URI")!), { database: where });
}

if (import.meta.main) {
  const [instance, batch, kind, where] = Deno.args as [string, string, string, string];
  const repository = openLedger(kind, where);
  await repository.open();
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(8));
  const slots = Array.from({ length: CLAIMS }, (_, n) => 1_790_000_000 + n);
  const claimers = Array.from({ length: CLAIMERS }, (_, claimer) => {
    const share = slots.filter((slot) => slot % CLAIMERS === claimer);
    return claim(repository, instance, share, Number(batch));
  });
  console.log(JSON.stringify((await Promise.all(claimers)).flat()));
  Deno.exit(0);
}
