/**
 * A process that collects logs and can be killed: `log_process.ts SETUP`, with the containers in JSON.
 *
 * @module
 */

import { connectDocker } from "../../../lib/engine/docker/connect_docker.ts";
import { connectMinio, type MinioConnection } from "../../../lib/objects/minio/connect_minio.ts";
import { DockerodeOrchestrator } from "../../../lib/engine/docker/dockerode_orchestrator.ts";
import { MinioObjectStore } from "../../../lib/objects/minio/minio_object_store.ts";
import { LogCollector } from "../../../lib/logs/log_collector.ts";
import { killProcess, spawnModule } from "./child_process.ts";

/** The instructions of the process. */
export interface LogProcessSetup {
  /** The engine. */
  readonly dockerHost: string;
  /** The object store. */
  readonly minio: MinioConnection;
  /** The bucket. */
  readonly bucket: string;
  /** Time between two writes in ms. */
  readonly intervalMs: number;
  /** Where to collect from: engine's id and id of the bot. */
  readonly containers: readonly { readonly containerId: string; readonly id: string }[];
}

/** Starts a collector.
 *
 * @param setup See {@linkcode LogProcessSetup}.
 * @returns A function that kills it with SIGKILL, and waits until it is gone.
 */
export function startLogProcess(setup: LogProcessSetup): () => Promise<void> {
  const child = spawnModule(import.meta.url, setup, { stdin: "null" });
  return () => killProcess(child);
}

if (import.meta.main) {
  const { dockerHost, minio, bucket, intervalMs, containers }: LogProcessSetup = JSON.parse(Deno.args[0]!);
  const collector = new LogCollector({
    orchestrator: new DockerodeOrchestrator(connectDocker(dockerHost)),
    store: new MinioObjectStore(connectMinio(minio)),
    bucket,
    intervalMs,
  });
  const createdAt = new Date(Date.now() - 24 * 60 * 60_000);
  for (const container of containers) collector.start({ ...container, createdAt });
  // Until it is killed.
  setInterval(() => {}, 1000);
}
