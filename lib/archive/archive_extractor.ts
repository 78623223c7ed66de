/**
 * Extracts archives off the event loop.
 *
 * @module
 */

import { diskError } from "../util/files.ts";
import { BerthError } from "../errors.ts";
import type { ExtractArchiveOptions, ExtractedArchive } from "./extract_archive.ts";
import { ExtractionWorker } from "./extraction_worker.ts";

/** Options of {@linkcode ArchiveExtractor}. */
export interface ArchiveExtractorOptions {
  /** Starts a worker. @default {a module worker of `extract_worker.ts`} */
  createWorker?(): Worker;
  /** A worker that does not move for this long is given up, in ms. @default {60_000} */
  readonly stallMs?: number;
  /** A worker without work for this long is ended, in ms: it holds 10 to 20 MB. @default {30_000} */
  readonly idleMs?: number;
}

/** Options of {@linkcode ArchiveExtractor.extract}. */
export interface ExtractOptions {
  /** Gives the extraction up and removes what it wrote. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Job {
  readonly options: ExtractArchiveOptions;
  readonly signal: AbortSignal;
  readonly large: boolean;
  /** Called with the lane that is free for it; the lane is taken until the promise settles. */
  start(lane: ExtractionWorker): Promise<void>;
}

/** Archives above this size share one worker, so that the other one is always near for the small, in bytes. */
const LARGE_ARCHIVE_BYTES = 8 * 1024 ** 2;

/**
 * Extracts archives in up to two workers, which start with the first need and stay while there is work: a small
 * archive then takes a few ms. Small archives never wait behind a huge one.
 *
 * While it has a worker it keeps the process alive; dispose of it when it is no longer needed.
 *
 * @example Extract an archive
 * ```ts ignore
 * await using extractor = new ArchiveExtractor();
 * const { files } = await extractor.extract({ archivePath: "/srv/bot.zip", destination: "/srv/bot" });
 * ```
 */
export class ArchiveExtractor implements AsyncDisposable {
  readonly #lanes: readonly [ExtractionWorker, ExtractionWorker];
  readonly #free: Set<ExtractionWorker>;
  readonly #queue: Job[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  /** @param options See {@linkcode ArchiveExtractorOptions}. */
  constructor(options: ArchiveExtractorOptions = {}) {
    const laneOptions = {
      createWorker: options.createWorker ?? createExtractWorker,
      stallMs: options.stallMs ?? 60_000,
      idleMs: options.idleMs ?? 30_000,
    };
    this.#lanes = [new ExtractionWorker(laneOptions), new ExtractionWorker(laneOptions)];
    this.#free = new Set(this.#lanes);
  }

  /**
   * Extracts a ZIP archive. Either all of it is in the destination, or nothing is.
   *
   * @param options What to extract, and where to.
   * @param callOptions The signal that gives it up.
   * @returns What was extracted.
   * @throws {InvalidArchiveError} The archive was refused; `problem` and `entry` say why.
   * @throws {BerthError} `archive/io` if a file cannot be read or written, the disk is full. `archive/destination`:
   * something is there already. `archive/worker`: the worker was lost. `archive/closed`: this was disposed of.
   */
  async extract(
    options: ExtractArchiveOptions,
    { signal }: ExtractOptions = {},
  ): Promise<ExtractedArchive> {
    signal?.throwIfAborted();
    const running = this.#extract(
      options,
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
    for (const lane of this.#lanes) lane.warmUp();
  }

  /** Gives up all extractions, removes what they wrote and ends the workers. Safe to call again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new BerthError("archive/closed", "The archive extractor was closed."));
    await Promise.allSettled(this.#running);
    for (const lane of this.#lanes) lane[Symbol.dispose]();
  }

  async #extract(options: ExtractArchiveOptions, signal: AbortSignal): Promise<ExtractedArchive> {
    signal.throwIfAborted();
    const large = await archiveSize(options.archivePath) > LARGE_ARCHIVE_BYTES;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<ExtractedArchive>();
    const job: Job = {
      options,
      signal,
      large,
      start: (lane) => lane.run(options, signal).then(resolve, reject),
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
      const lane = job && this.#laneFor(job);
      if (job === undefined || lane === undefined) {
        index++;
        continue;
      }
      this.#queue.splice(index, 1);
      this.#free.delete(lane);
      void job.start(lane).finally(() => {
        this.#free.add(lane);
        this.#dispatch();
      });
    }
  }

  #laneFor(job: Job): ExtractionWorker | undefined {
    const [general, small] = this.#lanes;
    const candidates = (job.large ? [general] : [small, general]).filter((lane) => this.#free.has(lane));
    return candidates.find((lane) => lane.warm) ?? candidates[0];
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
  return new Worker(new URL("./extract_worker.ts", import.meta.url), { type: "module" });
}
