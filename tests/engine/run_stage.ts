/**
 * Everything that scheduled runs need, for one test: a {@linkcode BotStage} with the ledger, schedules of one slot, and
 * what the engine did about each.
 *
 * @module
 */

import { MongoClient } from "mongodb";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { MongoRunRepository } from "../../services/mongo/mongo_run_repository.ts";
import { type BotStage, withBots } from "./bot_stage.ts";
import { until } from "./engine_support.ts";

/** From the making of a schedule to its only slot, in ms: it is known to the service by then. */
const AHEAD_MS = 3000;
/** What a scheduled program does; each of its attempts says so once. */
const CODE = `
import sys, time

def main(id, config):
    print("runs", flush=True)
    time.sleep(config.get("takes", 0))
    if config.get("exit"): sys.exit(config["exit"])
    return id
`;

/** What a test of scheduled runs works with. */
export interface RunStage extends BotStage {
  readonly runs: MongoRunRepository;
  /** Makes a schedule of one slot, and waits until the service knows it. @returns The slot. */
  schedule(id: string, config: Record<string, unknown>): Promise<number>;
  /** How often each container was started, by schedule and slot label. */
  readonly starts: ReadonlyMap<string, number>;
}

/** @param work The test. */
export function withRuns(work: (stage: RunStage) => Promise<void>): Promise<void> {
  return withBots(async (stage) => {
    await stage.code.put("schedule/1", { "main.py": CODE });
    const client = new MongoClient(stage.direct.MONGO_URI!);
    const schedules = client.db("bot_scheduler").collection("bot_schedules");
    await using orchestrator = new DockerodeOrchestrator(connectDocker(stage.direct.DOCKER_HOST!));
    const watching = new AbortController();
    const starts = new Map<string, number>();
    const opened = Promise.withResolvers<void>();
    const watched = (async () => {
      const labels = { [LABEL.instance]: stage.env.BERTH_INSTANCE! };
      const options = { labels, signal: watching.signal, onOpen: opened.resolve };
      for await (const { action, labels } of orchestrator.watch(options)) {
        const key = `${labels[LABEL.id]}@${labels[LABEL.slot]}`;
        if (action === "start") starts.set(key, (starts.get(key) ?? 0) + 1);
      }
    })().catch((error) => {
      if (!watching.signal.aborted) throw error;
    });
    await opened.promise;
    try {
      await work({
        ...stage,
        runs: new MongoRunRepository(client),
        starts,
        async schedule(name, config) {
          const at = new Date(Math.ceil((Date.now() + AHEAD_MS) / 1000) * 1000);
          const { custom, ...document } = stage.document(name, config);
          const cron = [
            at.getUTCSeconds(),
            at.getUTCMinutes(),
            at.getUTCHours(),
            at.getUTCDate(),
            at.getUTCMonth() + 1,
            "*",
          ].join(" ");
          await stage.publish("created", {
            ...document,
            config: { ...config, schedule: cron },
            custom: { ...custom, filePath: "schedule/1" },
          }, "bot-schedule");
          const slot = at.getTime() / 1000;
          await until("the service knows the schedule", async () => {
            const stored = await schedules.findOne({ id: document.id });
            return Number(stored?.next_execution_time) === slot;
          });
          return slot;
        },
      });
    } finally {
      watching.abort();
      await watched;
      await client.close();
    }
  });
}
