/**
 * Extracts archives off the event loop.
 *
 * @module
 */

import { diskError } from "../util/files.ts";
import { BerthError } from "../errors.ts";
import type { CheckArchiveOptions, CheckedArchive } from "./check_archive.ts";
import type { ArchiveTask } from "./extraction_message.ts";
import type { ExtractArchiveOptions, ExtractedArchive } from "./extract_archive.ts";
import { ExtractionWorker } from "./extraction_worker.ts";

/** Options of {@linkcode ExtractionPool}. */
export interface ExtractionPoolOptions {
  /** Starts a worker. @default {a module worker of `extraction_thread.ts`} */
  createWorker?(): Worker;
  /** Time without progress after which a worker is terminated, in ms. @default {60_000} */
  readonly stallMs?: number;
  /** Idle time after which a worker ends, in ms: it takes 10 to 20 MB. @default {30_000} */
  readonly idleMs?: number;
}

/** Options of {@linkcode ExtractionPool.extract} and {@linkcode ExtractionPool.check}. */
export interface ExtractOptions {
  /** Cancels the extraction and removes what it wrote. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Job {
  readonly signal: AbortSignal;
  readonly isLarge: boolean;
  /** Starts the job on a free worker, which is busy until the promise settles. */
  start(worker: ExtractionWorker): Promise<void>;
}

/** Size from which archives may only use one of the workers, in bytes, so that the other one is free for small ones. */
const LARGE_ARCHIVE_BYTES = 8 * 1024 ** 2;

/**
 * Extracts archives in up to two workers, off the event loop. The workers start when needed and stay while there is work,
 * so that a small archive takes a few ms. Small archives never wait for a huge one.
 *
 * A worker keeps the process alive, so dispose of the extractor when it is no longer needed.
 *
 * @example Extract an archive
 * ```ts ignore
 * await using extractor = new ExtractionPool();
 * const { files } = await extractor.extract({ archivePath: "/srv/bot.zip", destination: "/srv/bot" });
 * ```
 */
export class ExtractionPool implements AsyncDisposable {
  readonly #workers: readonly [ExtractionWorker, ExtractionWorker];
  readonly #free: Set<ExtractionWorker>;
  readonly #queue: Job[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  /** @param options See {@linkcode ExtractionPoolOptions}. */
  constructor(options: ExtractionPoolOptions = {}) {
    const workerOptions = {
      createWorker: options.createWorker ?? createExtractWorker,
      stallMs: options.stallMs ?? 60_000,
      idleMs: options.idleMs ?? 30_000,
    };
    this.#workers = [new ExtractionWorker(workerOptions), new ExtractionWorker(workerOptions)];
    this.#free = new Set(this.#workers);
  }

  /**
   * Extracts a ZIP archive completely or not at all.
   *
   * @param options The archive and the destination.
   * @param callOptions The signal that cancels the call.
   * @returns Number and size of the extracted files.
   * @throws {InvalidArchiveError} If the archive is refused; `problem` and `entry` say why.
   * @throws {BerthError} If a file cannot be read or written (`archive/io`), the destination is not empty
   * (`archive/destination`), the worker was lost (`archive/worker`), or the extractor is disposed (`archive/closed`).
   */
  async extract(options: ExtractArchiveOptions, callOptions: ExtractOptions = {}): Promise<ExtractedArchive> {
    return await this.#run({ kind: "extract", options }, callOptions);
  }

  /**
   * Makes every check of an extraction, and writes nothing.
   *
   * @param options The archive and the rules.
   * @param callOptions The signal that cancels the call.
   * @returns Number, size and hash of the files.
   * @throws {InvalidArchiveError} If the archive is refused; `problem` and `entry` say why.
   * @throws {BerthError} As {@linkcode extract} does.
   */
  async check(options: CheckArchiveOptions, callOptions: ExtractOptions = {}): Promise<CheckedArchive> {
    return await this.#run({ kind: "check", options }, callOptions) as CheckedArchive;
  }

  async #run(task: ArchiveTask, { signal }: ExtractOptions): Promise<ExtractedArchive | CheckedArchive> {
    signal?.throwIfAborted();
    const running = this.#work(
      task,
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]),
    );
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Starts the workers ahead of the first extraction. */
  warmUp(): void {
    if (this.#closing.signal.aborted) return;
    for (const worker of this.#workers) worker.warmUp();
  }

  /** Cancels all extractions, removes what they wrote, and ends the workers. May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new BerthError("archive/closed", "The archive extractor was closed."));
    await Promise.allSettled(this.#running);
    for (const worker of this.#workers) worker[Symbol.dispose]();
  }

  async #work(task: ArchiveTask, signal: AbortSignal): Promise<ExtractedArchive | CheckedArchive> {
    signal.throwIfAborted();
    const isLarge = await archiveSize(task.options.archivePath) > LARGE_ARCHIVE_BYTES;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<ExtractedArchive | CheckedArchive>();
    const job: Job = {
      signal,
      isLarge,
      start: (worker) => worker.work(task, signal).then(resolve, reject),
    };
    const leave = (): void => {
      const index = this.#queue.indexOf(job);
      if (index === -1) return;
      this.#queue.splice(index, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#queue.push(job);
    this.#dispatch();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #dispatch(): void {
    for (let index = 0; index < this.#queue.length;) {
      const job = this.#queue[index];
      const worker = job && this.#workerFor(job);
      if (job === undefined || worker === undefined) {
        index++;
        continue;
      }
      this.#queue.splice(index, 1);
      this.#free.delete(worker);
      void job.start(worker).finally(() => {
        this.#free.add(worker);
        this.#dispatch();
      });
    }
  }

  #workerFor(job: Job): ExtractionWorker | undefined {
    const [general, small] = this.#workers;
    const candidates = (job.isLarge ? [general] : [small, general]).filter((worker) =>
      this.#free.has(worker)
    );
    return candidates.find((worker) => worker.isWarm) ?? candidates[0];
  }
}

async function archiveSize(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    throw diskError(`read the archive '${path}'`, error);
  }
}

function createExtractWorker(): Worker {
  return new Worker(new URL("./extraction_thread.ts", import.meta.url), { type: "module" });
}
