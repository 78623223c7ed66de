/**
 * A worker thread that extracts one archive at a time, and is replaced when it fails.
 *
 * @module
 */

import { BerthError } from "../errors.ts";
import type { CheckedArchive } from "./check_archive.ts";
import type { ExtractedArchive } from "./extract_archive.ts";
import {
  type ArchiveTask,
  ControlSlot,
  EXTRACTION_SIGNAL_BYTES,
  type ExtractionReply,
  type ExtractionRequest,
  unpackExtractionError,
} from "./extraction_message.ts";

/** Options of an {@linkcode ExtractionWorker}. */
export interface ExtractionWorkerOptions {
  /** Starts a worker. */
  createWorker(): Worker;
  /** Time without progress after which the thread is terminated, in ms. */
  readonly stallMs: number;
  /** Idle time after which the thread ends, in ms. */
  readonly idleMs: number;
}

/** How one extraction ended. */
type Ending = ExtractionReply | { readonly kind: "lost"; readonly why: string };

/** Owns at most one thread, which starts with the first extraction and ends when it is idle. */
export class ExtractionWorker implements Disposable {
  readonly #options: ExtractionWorkerOptions;
  #worker: Worker | undefined;
  #isBusy = false;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** @param options See {@linkcode ExtractionWorkerOptions}. */
  constructor(options: ExtractionWorkerOptions) {
    this.#options = options;
  }

  /** Whether the thread runs, so that the next extraction need not wait for its start. */
  get isWarm(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread if it does not run, so that the next extraction need not wait for its start. */
  warmUp(): void {
    if (!this.#isBusy) this.#endWhenIdle();
    if (this.#worker) return;
    const worker = this.#options.createWorker();
    worker.onerror = (event) => {
      // The next extraction starts another thread, and reports the error.
      event.preventDefault();
      if (this.#worker === worker) this[Symbol.dispose]();
    };
    this.#worker = worker;
  }

  /**
   * Extracts or checks one archive. Must not be called again before the promise settles. A failure leaves nothing behind.
   *
   * @param task The archive and the work.
   * @param signal Cancels the call: the thread stops at the next piece and removes what it wrote.
   * @returns Number and size of the files, and their hash if the archive was checked.
   * @throws {BerthError} If the archive is refused, the disk fails, or the thread is lost.
   */
  async work(task: ArchiveTask, signal: AbortSignal): Promise<ExtractedArchive | CheckedArchive> {
    let isCreated: boolean | undefined;
    clearTimeout(this.#idle);
    this.#isBusy = true;
    const ending = await this.#request(task, signal, (reply) => isCreated = reply.isCreated).finally(
      () => {
        this.#isBusy = false;
        this.#endWhenIdle();
      },
    );
    if (ending.kind === "extracted" && !signal.aborted) return ending.result;
    if (ending.kind === "lost") this[Symbol.dispose]();
    // A thread that ended by itself has removed what it wrote, unless it succeeded just before it was stopped.
    if (task.kind === "extract" && (ending.kind === "lost" || ending.kind === "extracted")) {
      await removeExtracted(task.options.destination, isCreated);
    }
    signal.throwIfAborted();
    if (ending.kind === "failed") throw unpackExtractionError(ending.error);
    const why = ending.kind === "lost" ? ending.why : "it stopped for no reason";
    throw new BerthError(
      "archive/worker",
      `Cannot ${task.kind} '${task.options.archivePath}': its worker was lost (${why}).`,
      { advice: "Try again: the next extraction starts a new worker." },
    );
  }

  /** Terminates the thread. */
  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this[Symbol.dispose](), this.#options.idleMs);
  }

  async #request(
    task: ArchiveTask,
    signal: AbortSignal,
    onStarted: (reply: { isCreated: boolean }) => void,
  ): Promise<Ending> {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    const shared = new SharedArrayBuffer(EXTRACTION_SIGNAL_BYTES);
    const slots = new Int32Array(shared);
    // A busy thread keeps running after terminate(), so it must read the stop from shared memory and clean up itself.
    const stop = (): void => void Atomics.store(slots, ControlSlot.Stop, 1);
    signal.addEventListener("abort", stop, { once: true });
    const watch = this.#watch(slots, () => {
      stop();
      resolve({ kind: "lost", why: `it made no progress for ${this.#options.stallMs} ms` });
    });
    try {
      const worker = this.#worker ??= this.#options.createWorker();
      worker.onmessage = ({ data }: MessageEvent<ExtractionReply>) => {
        if (data.kind === "started") onStarted(data);
        else resolve(data);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ kind: "lost", why: event.message });
      };
      worker.onmessageerror = () => resolve({ kind: "lost", why: "its answer could not be read" });
      worker.postMessage({ task, shared } satisfies ExtractionRequest);
      return await promise;
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", stop);
    }
  }

  #watch(slots: Int32Array, onStall: () => void): ReturnType<typeof setInterval> {
    let seen = -1;
    return setInterval(() => {
      const progress = Atomics.load(slots, ControlSlot.Progress);
      if (progress === seen) onStall();
      seen = progress;
    }, this.#options.stallMs);
  }
}

async function removeExtracted(destination: string, isCreated: boolean | undefined): Promise<void> {
  // Before the thread has reported its start, nothing in the destination comes from it.
  if (isCreated === undefined) return;
  if (isCreated) return await removeIfThere(destination);
  for await (const { name } of Deno.readDir(destination)) await removeIfThere(`${destination}/${name}`);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
