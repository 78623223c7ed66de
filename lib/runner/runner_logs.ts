/**
 * The logs of a runner's containers.
 *
 * @module
 */

import type { ContainerOrchestrator, GetLogsOptions, LogLine } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { systemClock } from "../util/clock.ts";
import { type FollowLinesOptions, LineFollower } from "../logs/line_follower.ts";
import { parseBotId } from "../executable/bot_id.ts";
import type { Executable } from "../executable/executable.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import type { PlacedLogLine } from "../logs/log_position.ts";
import { LogReader, type ReadLogsOptions } from "../logs/log_reader.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import type { RunningResult } from "./execution_result.ts";
import { infoOf } from "./managed_container.ts";
import type { OwnContainers } from "./own_containers.ts";
import { redactLines } from "./redact_lines.ts";
import type { FollowedLines, ManagedContainer, StartContainerOptions } from "./runner.ts";

/**
 * Largest difference that is expected between the clocks of Berth and the engine, in ms: logs of earlier days are not
 * searched for a container.
 */
const CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** Parts of {@linkcode RunnerLogs}. */
export interface RunnerLogsParts {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "getLogs" | "getStatus" | "listContainers" | "readLog">;
  /** Holds the stored logs. */
  readonly store: ObjectStore;
  /** Bucket of the stored logs. */
  readonly bucket: string;
  /** Stores the output of containers. @default {nothing is stored} */
  readonly logs?: LogCollector | undefined;
  /** Hides the secrets of containers. */
  readonly secrets: Pick<ContainerSecrets, "redactorOf">;
  /** Tells this instance's containers from others. */
  readonly ownership: ContainerOwnership;
  /** The containers of this instance. */
  readonly containers: Pick<OwnContainers, "ifOwn">;
}

/** Collects and reads what containers print. */
export class RunnerLogs {
  readonly #parts: RunnerLogsParts;
  readonly #reader: LogReader;

  constructor(parts: RunnerLogsParts) {
    const { orchestrator, store, bucket, ownership, containers, secrets } = parts;
    this.#parts = parts;
    this.#reader = new LogReader({
      orchestrator: {
        readLog: (container, options) => orchestrator.readLog(container, options),
        listContainers: async (options) =>
          (await orchestrator.listContainers(options)).filter((info) => containers.ifOwn(info)),
      },
      store,
      bucket,
      labelsOf: (id) => ({ ...ownership.searchLabels, [LABEL.id]: id }),
      redactorOf: (labels) => secrets.redactorOf(labels),
    });
  }

  /** Begins to collect what a container prints. */
  begin(
    { id, secrets }: Executable,
    started: RunningResult,
    { slot, logIntervalSeconds }: StartContainerOptions,
  ): void {
    const info = infoOf(started.container);
    this.#parts.logs?.start({
      containerId: started.containerId,
      id,
      createdAt: started.created ? new Date(Date.now() - CLOCK_SKEW_MS) : new Date(0),
      isNew: started.created,
      run: slot,
      ...(secrets && info && { secretLabels: info.labels }),
      ...(logIntervalSeconds !== undefined && { intervalMs: logIntervalSeconds * 1000 }),
    });
  }

  /** Reads what the engine keeps of a container's output. @param container Id or name of the container. */
  async *ofContainer(container: string, options: GetLogsOptions = {}): AsyncGenerator<LogLine> {
    const { orchestrator, secrets } = this.#parts;
    const info = await orchestrator.getStatus(container, options);
    const redactor = info && await secrets.redactorOf(info.labels);
    yield* redactLines(orchestrator.getLogs(container, options), redactor);
  }

  /** Reads the log of a bot, stored and not yet stored. */
  read(id: string, options?: ReadLogsOptions): AsyncIterable<PlacedLogLine> {
    parseBotId(id);
    return this.#reader.read(id, options);
  }

  /** Gives a container's lines as they are printed. */
  follow(container: ManagedContainer, options: FollowLinesOptions): FollowedLines {
    const { orchestrator, secrets } = this.#parts;
    const info = infoOf(container);
    const redactor = info && (() => secrets.redactorOf(info.labels));
    return new LineFollower(orchestrator, container.containerId, systemClock, { ...options, redactor });
  }
}
