/**
 * Creates the collector of a runner's logs.
 *
 * @module
 */

import { LogCollector, type LogCollectorOptions } from "../logs/log_collector.ts";
import type { LogListener } from "../logs/log_listener.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { RunnerMeter } from "./runner_meter.ts";

/** Parts of a collector. */
export interface CreateLogCollectorOptions
  extends Pick<LogCollectorOptions, "orchestrator" | "store" | "mode" | "keptMetrics"> {
  /** Hides secrets. */
  readonly secrets: Pick<ContainerSecrets, "redactorOf">;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: RunnerMeter;
  /** Sees the lines that are stored. @default {nobody does} */
  readonly logListener?: LogListener;
}

/** Creates the collector. */
export function createLogCollector(
  config: DockerRunnerConfig,
  { orchestrator, store, secrets, mode = config.logMode, meter, keptMetrics, logListener }:
    CreateLogCollectorOptions,
): LogCollector {
  const logs = new LogCollector({
    orchestrator,
    store,
    bucket: config.buckets.logs,
    intervalMs: config.logIntervalSeconds * 1000,
    retentionDays: config.logRetentionDays,
    spool: config.logs,
    mode,
    format: config.logFormat,
    keptMetrics,
    onStored({ id, losses, ...stored }) {
      meter?.linesStored(stored);
      for (const lines of losses) meter?.linesLost(id, lines);
    },
    listener: logListener,
    redactorOf: (labels) => secrets.redactorOf(labels),
    // Only a part of what the engine keeps, so that there is time to read it.
    urgentBytes: Math.min(1024 ** 2, config.logs.maxSizeBytes / 8),
  });
  meter?.watchFailingLogs(() => logs.failing);
  return logs;
}
