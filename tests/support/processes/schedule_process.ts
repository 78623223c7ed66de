/**
 * A scheduler in a process of its own, to be killed: documents and ledger in MongoDB, containers on the engine.
 *
 * @module
 */

import { MongoClient } from "mongodb";
import { createDockerRunner } from "../../../lib/runner/create_docker_runner.ts";
import { parseDockerRunnerConfig } from "../../../lib/runner/parse_docker_runner_config.ts";
import { FolderObjectStore } from "../../../lib/objects/folder/folder_object_store.ts";
import { MongoRunRepository } from "../../../services/mongo/mongo_run_repository.ts";
import { MongoScheduleRepository } from "../../../services/mongo/mongo_schedule_repository.ts";
import { type Clock, systemClock } from "../../../lib/util/clock.ts";
import { InProcessBotEvents } from "../../../services/events/in_process_bot_events.ts";
import { ScheduleService } from "../../../services/schedules/schedule_service.ts";
import { killProcess, sendSignal, spawnModule } from "./child_process.ts";

/** Parts of such a process. */
export interface ScheduleProcessSetup {
  /** The runner's configuration; its `BERTH_INSTANCE` is the scheduler's name. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Folder of the object store. */
  readonly objects: string;
  /** The database. */
  readonly mongoUri: string;
  /** Its name: a test has one of its own. */
  readonly database: string;
  /** How far its clock is ahead, in ms. */
  readonly aheadMs: number;
}

/** A process that schedules. Disposing kills it. */
export interface ScheduleProcess extends AsyncDisposable {
  /** Kills it at once. */
  kill(): Promise<void>;
  /** Ends it as SIGTERM does, once it listens to that. @returns Its exit code. */
  stop(): Promise<number>;
}

/** @param setup See {@linkcode ScheduleProcessSetup}. */
export function startScheduleProcess(setup: ScheduleProcessSetup): ScheduleProcess {
  const child = spawnModule(import.meta.url, setup, { stdin: "null", stdout: "piped", stderr: "inherit" });
  // Its only output, or the end of it.
  const isListening = child.stdout.getReader().read();
  const kill = () => killProcess(child);
  return {
    kill,
    stop: async () => {
      await isListening;
      sendSignal(child, "SIGTERM");
      return (await child.status).code;
    },
    [Symbol.asyncDispose]: kill,
  };
}

async function serve(
  { variables, objects, mongoUri, database, aheadMs }: ScheduleProcessSetup,
): Promise<void> {
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort());
  console.log("listening");
  const config = parseDockerRunnerConfig(variables);
  await using runner = createDockerRunner({ config, store: new FolderObjectStore(objects) });
  const client = new MongoClient(mongoUri);
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const service = new ScheduleService({
    repository: new MongoScheduleRepository(client, { database }),
    runs: new MongoRunRepository(client, { database }),
    events: new InProcessBotEvents(),
    runner,
    instance: config.instance,
    clock,
    checkIntervalMs: 2000,
  });
  await service.run(stop.signal);
  await client.close();
}

if (import.meta.main) await serve(JSON.parse(Deno.args[0]!));
