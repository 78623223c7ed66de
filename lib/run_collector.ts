/**
 * What a program that ends leaves behind: exit code, output, result.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { codeMountDir, RESULT_FILE } from "./container_layout.ts";
import type { ContainerOrchestrator, LogLine } from "./container_orchestrator.ts";
import { ContainerFileError } from "./errors.ts";
import type { Executable } from "./executable.ts";
import type { ErrorResult, RunningResult, SuccessResult } from "./execution_result.ts";
import type { ObjectStore } from "./object_store.ts";
import { outputTail } from "./output_tail.ts";

/** Largest `result.json` that is read. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** What a {@linkcode RunCollector} needs. */
export interface RunCollectorOptions {
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** Where results are kept. */
  readonly store: ObjectStore;
  /** Bucket of the results. */
  readonly bucket: string;
}

/** Options of {@linkcode RunCollector.collect}. */
export interface CollectOptions {
  /** Gives up waiting. The container goes on. */
  readonly signal?: AbortSignal;
  /** Called for each line that it prints. */
  readonly onLine?: (line: LogLine) => void;
}

/** Waits for the end of a run and reads what it left. The container stays. */
export class RunCollector {
  readonly #options: RunCollectorOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param options See {@linkcode RunCollectorOptions}.
   */
  constructor(options: RunCollectorOptions) {
    this.#options = options;
  }

  /**
   * Waits for the end.
   *
   * @param executable What runs.
   * @param started Its container.
   * @param options See {@linkcode CollectOptions}.
   */
  async collect(
    executable: Executable,
    started: RunningResult,
    { signal, onLine }: CollectOptions,
  ): Promise<SuccessResult | ErrorResult> {
    const { orchestrator } = this.#options;
    const { containerId, containerName, specHash } = started;
    const options = { ...(signal && { signal }) };
    const [outcome] = await Promise.all([
      orchestrator.wait(containerId, options),
      onLine && this.#follow(containerId, onLine, signal),
    ]);
    const output = await outputTail(orchestrator, containerId, signal);
    const result = await this.#result(executable, containerId, signal);
    const { exitCode, durationMs, oomKilled } = outcome;
    const ended = {
      containerId,
      containerName,
      specHash,
      exitCode,
      durationMs,
      output,
      ...(result && { result }),
    };
    if (exitCode === 0) return { status: "success", ...ended };
    return { status: "error", ...ended, message: describeExit(exitCode, oomKilled) };
  }

  async #follow(container: string, onLine: (line: LogLine) => void, signal?: AbortSignal): Promise<void> {
    const options = { follow: true, ...(signal && { signal }) };
    for await (const line of this.#options.orchestrator.getLogs(container, options)) onLine(line);
  }

  async #result(
    executable: Executable,
    container: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const { orchestrator, store, bucket } = this.#options;
    const options = { ...(signal && { signal }) };
    try {
      const result = await orchestrator.copyFromContainer(
        container,
        `${codeMountDir(executable.entrypoint)}/${RESULT_FILE}`,
        { ...options, maxBytes: MAX_RESULT_BYTES },
      );
      if (executable.persistResults) {
        await store.ensureBucket(bucket, options);
        const contentType = "application/json";
        await store.put(bucket, `${executable.id}/analysis.json`, result, { ...options, contentType });
      }
      return result;
    } catch (error) {
      if (!(error instanceof ContainerFileError)) throw error;
      this.#log.warn("no usable result", {
        id: executable.id,
        problem: error.problem,
        message: error.message,
      });
      return undefined;
    }
  }
}

function describeExit(exitCode: number, oomKilled: boolean): string {
  if (oomKilled) return "It was killed because it used more memory than its limit.";
  if (exitCode > 128) return `It was ended by signal ${exitCode - 128}.`;
  return `It ended with exit code ${exitCode}.`;
}
