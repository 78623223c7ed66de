/**
 * Takes a program's `result.json` out of its container and keeps it.
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
import type { ObjectStore } from "../objects/object_store.ts";

/** Largest `result.json` that is read. */
const MAX_RESULT_BYTES = 64 * 1024 * 1024;
/** So many are in memory at the same time. */
const CONCURRENCY = 2;

/** Why there is no usable result. */
export type ResultProblem = "missing" | "too-large" | "not-a-file" | "invalid-json";

/** What a program left as its result. */
export interface CollectedResult {
  /** Its bytes, where there is a file within the limit. */
  readonly bytes?: Uint8Array;
  /** Why it is not usable; absent when it is. */
  readonly problem?: ResultProblem;
  /** The same in words: what, and where. */
  readonly message?: string;
  /** Key of its own object in the results bucket; absent when it is not kept. */
  readonly key?: string;
}

/** Options of {@linkcode ResultStore}. */
export interface ResultStoreOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "copyFromContainer">;
  /** Where results are kept. */
  readonly store: ObjectStore;
  /** Bucket of the results. */
  readonly bucket: string;
}

/** Options of {@linkcode ResultStore.collect}. */
export interface CollectResultOptions {
  /** Whether it is kept in the object store. */
  readonly keep: boolean;
  /** Which of the bot's programs it is the result of. @default {as the container's kind says} */
  readonly entrypoint?: EntrypointType;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/**
 * Reads results through the engine, which follows no link that a program planted, and keeps those that are JSON: as
 * `{id}/analysis.json`, the latest, and under a key of the run's own, which no later run touches. A run without a usable
 * result leaves an error as the latest, so that the result before it is not taken for its own.
 */
export class ResultStore {
  readonly #options: ResultStoreOptions;
  readonly #limit = new Limiter(CONCURRENCY);

  /** @param options See {@linkcode ResultStoreOptions}. */
  constructor(options: ResultStoreOptions) {
    this.#options = options;
  }

  /**
   * Takes the result of a container that has exited.
   *
   * @param info What the engine knows of it, its times included.
   * @param options See {@linkcode CollectResultOptions}.
   * @throws what keeps the engine or the object store from answering. A result that is not usable is no error.
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

  /** The run's own first: once the latest is there, so is the other. */
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

/** What stands as the latest result after a run that left none that can be used. */
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

/** A run is told apart by its slot, anything else by when it was started. */
function ownKey({ labels, startedAt, createdAt }: ContainerInfo): string {
  const slot = labels[LABEL.slot];
  if (slot !== undefined) return `runs/${slot}`;
  return `backtests/${(startedAt ?? createdAt).toISOString().replaceAll(/[-:.]/g, "")}`;
}
