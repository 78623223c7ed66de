/**
 * `berth start`: runs the service in the foreground.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { aliveFileOf, keepAliveFile } from "../../lib/util/alive_file.ts";
import { ensureInstanceDir } from "../../lib/util/temp_dir.ts";
import { parseServiceConfig } from "../../services/config.ts";
import type { ComposeOptions } from "../../services/compose.ts";
import { type CliContext, EXIT } from "../context.ts";
import { servicePermissions } from "./permissions_command.ts";
import { acquireServiceLocks } from "../service_locks.ts";

/** Shown only to people: programs that collect the log need no advice. */
const HINT =
  "Deploy a bot with 'berth deploy DIR', list the bots with 'berth ps', stop the service with Ctrl-C.";

/** Choices of an operator for one start. */
export type StartOptions = ComposeOptions;

/**
 * Runs the service until it is stopped.
 *
 * @param options Choices of the operator.
 * @param context The command's context.
 * @throws {InvalidConfigError} If the configuration is invalid; names every problem.
 * @throws {InstanceLockedError} If another process of the same instance runs; names it.
 * @throws {ServingRightLostError} If another service has taken over.
 */
export async function startCommand(options: StartOptions, context: CliContext): Promise<number> {
  const config = parseServiceConfig(context.env);
  // Report here, too, what cannot be granted: the program may have been started with other flags.
  servicePermissions(config);
  const { tempDir, instance } = config.runner;
  await ensureInstanceDir(tempDir, instance, Deno.uid() ?? 0);
  await using lockSet = await acquireServiceLocks(config);
  const { locks, lost } = lockSet;
  await using _alive = await keepAliveFile(aliveFileOf(tempDir, instance));
  await using composed = await context.composeServices(config, undefined, { ...options, locks });
  // Created now, so that a folder missing later means an unmounted disk and not an empty store.
  const buckets = config.runner.minio ? [] : Object.values(config.runner.buckets);
  for (const bucket of buckets) await composed.store.ensureBucket(bucket);
  const log = getLogger(["berth"]);
  log.info("service started", {
    instance,
    services: config.services.join(", "),
    documents: config.mongoUri ? "MongoDB" : `SQLite in ${config.runner.dataDir}`,
    objects: config.runner.minio ? "MinIO" : `folder in ${config.runner.dataDir}`,
    events: config.natsUrl
      ? "NATS"
      : config.mongoUri
      ? "none, the documents are read again and again"
      : "SQLite",
    segment: config.segment === -1 ? "all" : config.segment,
  });
  if (context.terminal.interactive) context.terminal.note(HINT);
  // Ending the work in progress may take some seconds.
  context.signal.addEventListener("abort", () => log.info("service stopping"), { once: true });
  await composed.run(AbortSignal.any([context.signal, lost]));
  if (lost.aborted) throw lost.reason;
  log.info("service stopped", { bots: config.botsOnShutdown === "stop" ? "stopped" : "kept running" });
  return EXIT.ok;
}
