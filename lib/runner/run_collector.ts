/**
 * Collects exit code, output and result of a program that ends.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerInfo, ContainerOrchestrator, LogLine } from "../engine/container_orchestrator.ts";
import { type Exit, tellExit } from "./describe_exit.ts";
import type { DiskUse } from "./disk_use.ts";
import { ContainerNotFoundError, EngineError } from "../errors.ts";
import type { Executable } from "../executable/executable.ts";
import type { ErrorResult, RunningResult, SuccessResult } from "./execution_result.ts";
import type { LineRedactor } from "../logs/line_redactor.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import { infoOf } from "./managed_container.ts";
import { redactLines } from "./redact_lines.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { outputTail } from "./output_tail.ts";
import { type CollectedResult, type CollectResultOptions, ResultStore } from "./result_store.ts";
import type { CollectedRun } from "./runner.ts";

/** Options of {@linkcode RunCollector}. */
export interface RunCollectorOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "copyFromContainer" | "getLogs" | "getStatus" | "wait">;
  /** Hides secrets in output and results. */
  readonly secrets: Pick<ContainerSecrets, "redactorOf">;
  /** Holds the results. */
  readonly store: ObjectStore;
  /** Bucket of the results. */
  readonly bucket: string;
  /** Returns the disk use of a container that was stopped for it. @default {no container is stopped for its disk use} */
  readonly diskUseOf?: (containerId: string) => DiskUse | undefined;
}

/** Options of {@linkcode RunCollector.collect}. */
export interface CollectOptions {
  /** Cancels the wait. The container keeps running. */
  readonly signal?: AbortSignal;
  /** Called for each line that it prints. */
  readonly onLine?: (line: LogLine) => void;
}

/** Reads exit code, output and result of a run, and can wait for its end. Keeps the container. */
export class RunCollector {
  readonly #options: RunCollectorOptions;
  readonly #results: ResultStore;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode RunCollectorOptions}. */
  constructor(options: RunCollectorOptions) {
    this.#options = options;
    this.#results = new ResultStore(options);
  }

  /**
   * Reads exit code and times of a program that has ended, and stores its result.
   *
   * @param info Its container, with times.
   */
  async collectExited(info: ContainerInfo, signal?: AbortSignal): Promise<CollectedRun> {
    const { exitCode, startedAt, finishedAt } = info;
    const diskUse = this.#options.diskUseOf?.(info.id);
    if (info.phase !== "exited" || !startedAt || !finishedAt) {
      throw new EngineError(`Cannot collect from '${info.name}': it has not ended (${info.phase}).`, 409);
    }
    const { bytes: _bytes, ...result } = await this.#result(info, { keep: true, signal });
    return {
      ...(exitCode !== undefined && { exitCode }),
      startedAt,
      finishedAt,
      ...((exitCode !== 0 || diskUse) && { message: messageOf({ ...info, ...(diskUse && { diskUse }) }) }),
      result,
    };
  }

  /**
   * Waits for the end of a program, then collects its output and result.
   *
   * @param executable The program.
   * @param started Its container.
   * @param options See {@linkcode CollectOptions}.
   */
  async collect(
    executable: Executable,
    started: RunningResult,
    { signal, onLine }: CollectOptions,
  ): Promise<SuccessResult | ErrorResult> {
    const { orchestrator, secrets } = this.#options;
    const { containerId, containerName, specHash } = started;
    const options = { signal };
    const redactor = await secrets.redactorOf(infoOf(started.container)?.labels ?? {});
    const [outcome] = await Promise.all([
      orchestrator.wait(containerId, options),
      onLine && this.#follow(containerId, onLine, { redactor, signal }),
    ]);
    const output = await outputTail(orchestrator, containerId, { redactor, signal });
    const info = await orchestrator.getStatus(containerId, options);
    if (!info) throw new ContainerNotFoundError(containerId);
    const result = await this.#result(info, {
      keep: executable.persistResults,
      entrypoint: executable.entrypoint,
      ...options,
    });
    const { exitCode, durationMs } = outcome;
    const ended = {
      containerId,
      containerName,
      specHash,
      exitCode,
      durationMs,
      output,
      ...(result.bytes && { result: result.bytes }),
      ...(result.key !== undefined && { resultKey: result.key }),
      ...(result.problem && { resultProblem: result.problem }),
      ...(result.message !== undefined && { resultMessage: result.message }),
    };
    const diskUse = this.#options.diskUseOf?.(containerId);
    if (exitCode === 0 && !diskUse) return { status: "success", ...ended };
    const exit = { ...info, ...outcome, ...(diskUse && { diskUse }) };
    return { status: "error", ...ended, message: messageOf(exit) };
  }

  async #follow(
    container: string,
    onLine: (line: LogLine) => void,
    { redactor, signal }: { readonly redactor: LineRedactor | undefined; readonly signal?: AbortSignal },
  ): Promise<void> {
    const lines = this.#options.orchestrator.getLogs(container, { follow: true, signal });
    for await (const line of redactLines(lines, redactor)) onLine(line);
  }

  async #result(info: ContainerInfo, options: CollectResultOptions): Promise<CollectedResult> {
    const result = await this.#results.collect(info, options);
    const { problem, message } = result;
    if (problem) this.#log.warn("no usable result", { container: info.name, problem, message });
    return result;
  }
}

function messageOf(exit: Exit): string {
  return `I${tellExit(exit).slice(1)}.`;
}
