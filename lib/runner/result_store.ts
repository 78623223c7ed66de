/**
 * Reads a program's `result.json` from its container and stores it.
 *
 * @module
 */

import { codeMountDir, RESULT_FILE } from "../executable/container_layout.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { ContainerFileError } from "../errors.ts";
import { jsonProblem } from "../util/json_check.ts";
import type { EntrypointType } from "../executable/executable.ts";
import { LABEL } from "../engine/labels.ts";
import { Limiter } from "../util/limiter.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import { redactJson } from "../secrets/redact_json.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** Size of the largest `result.json` that is read. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;
/** Number of results in memory at the same time. */
const CONCURRENCY = 2;

/** Why there is no usable result. */
export type ResultProblem = "missing" | "too-large" | "not-a-file" | "invalid-json";

/** The result of a program. */
export interface CollectedResult {
  /** Content of the file, if there is one within the size limit. */
  readonly bytes?: Uint8Array;
  /** Why the result is not usable; absent if it is. */
  readonly problem?: ResultProblem;
  /** Explanation of `problem` for people. */
  readonly message?: string;
  /** Key of its own object in the results bucket; absent if it is not stored. */
  readonly key?: string;
}

/** Options of {@linkcode ResultStore}. */
export interface ResultStoreOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "copyFromContainer">;
  /** The object store. */
  readonly store: ObjectStore;
  /** Hides secrets in results. */
  readonly secrets: Pick<ContainerSecrets, "redactorOf">;
  /** Bucket of the results. */
  readonly bucket: string;
}

/** Options of {@linkcode ResultStore.collect}. */
export interface CollectResultOptions {
  /** Whether to store the result. */
  readonly keep: boolean;
  /** Program that left the result. @default {the one that the container's label names} */
  readonly entrypoint?: EntrypointType;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/**
 * Stores each result that is JSON twice: as `{id}/analysis.json`, which holds the latest result, and under a key of the
 * run's own, which no later run overwrites. If a run leaves no usable result, the latest one becomes an error, so that
 * nobody takes an earlier result for that of this run.
 *
 * Reads results through the engine, which does not follow links that a program may have planted.
 */
export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #limit = new Limiter(CONCURRENCY);

  /** @param options See {@linkcode ResultStoreOptions}. */
  constructor(options: ResultStoreOptions) {
    this.#options = options;
  }

  /**
   * Reads and stores the result of a container that has exited.
   *
   * @param info The container, with its times.
   * @param options See {@linkcode CollectResultOptions}.
   * @returns The result. An unusable result is not an error: `problem` says what is wrong with it.
   * @throws {EngineUnavailableError} If the engine does not answer.
   * @throws {ObjectStoreError} If the object store does not answer.
   */
  collect(info: ContainerInfo, options: CollectResultOptions): Promise<CollectedResult> {
    return this.#limit.run(() => this.#collect(info, options), options.signal);
  }

  async #collect(info: ContainerInfo, options: CollectResultOptions): Promise<CollectedResult> {
    const result = await this.#read(info, options);
    const { keep, signal } = options;
    if (!keep) return result;
    const call = { signal };
    if (result.problem === undefined) return { ...result, key: await this.#store(info, result.bytes!, call) };
    await this.#storeLatest(info, new TextEncoder().encode(JSON.stringify(noResult(info, result))), call);
    return result;
  }

  async #read(info: ContainerInfo, options: CollectResultOptions): Promise<CollectedResult> {
    const { signal } = options;
    let bytes: Uint8Array;
    try {
      const kind = info.labels[LABEL.kind] === "backtest" ? "backtest" : "bot";
      const mount = codeMountDir(options.entrypoint ?? kind);
      bytes = await this.#options.orchestrator.copyFromContainer(info.id, `${mount}/${RESULT_FILE}`, {
        signal,
        maxBytes: MAX_RESULT_BYTES,
      });
      const redactor = await this.#options.secrets.redactorOf(info.labels);
      if (redactor) bytes = redactJson(bytes, redactor);
    } catch (error) {
      if (!(error instanceof ContainerFileError)) throw error;
      return { problem: error.problem, message: error.message };
    }
    const wrong = await jsonProblem(bytes);
    if (wrong !== undefined) {
      return { bytes, problem: "invalid-json", message: `Its ${RESULT_FILE} is not JSON: ${wrong}.` };
    }
    return { bytes };
  }

  /** Stores the run's own result first: once the latest result changes, both are there. */
  async #store(
    info: ContainerInfo,
    bytes: Uint8Array,
    call: { readonly signal?: AbortSignal },
  ): Promise<string> {
    const { store, bucket } = this.#options;
    const key = `${info.labels[LABEL.id]}/${ownKey(info)}.json`;
    await store.ensureBucket(bucket, call);
    await store.put(bucket, key, bytes, { ...call, contentType: "application/json" });
    await this.#storeLatest(info, bytes, call);
    return key;
  }

  async #storeLatest(
    info: ContainerInfo,
    bytes: Uint8Array,
    call: { readonly signal?: AbortSignal },
  ): Promise<void> {
    const { store, bucket } = this.#options;
    await store.ensureBucket(bucket, call);
    const key = `${info.labels[LABEL.id]}/analysis.json`;
    await store.put(bucket, key, bytes, { ...call, contentType: "application/json" });
  }
}

/** The latest result after a run that left no usable one. */
function noResult(
  { exitCode }: ContainerInfo,
  { problem, message }: CollectedResult,
): Record<string, unknown> {
  return {
    status: "error",
    message: `The latest run left no usable result. ${message ?? ""}`.trim(),
    error_type: "NoResult",
    reason: problem,
    ...(exitCode !== undefined && { exit_code: exitCode }),
  };
}

/** Identifies a run of a schedule or of a queue by its slot, and any other by its time of start. */
function ownKey({ labels, startedAt, createdAt }: ContainerInfo): string {
  const slot = labels[LABEL.slot];
  if (slot !== undefined) return `${labels[LABEL.kind] === "backtest" ? "backtests" : "runs"}/${slot}`;
  return `backtests/${(startedAt ?? createdAt).toISOString().replaceAll(/[-:.]/g, "")}`;
}
