/**
 * One worker that extracts one archive at a time, and its replacement when it fails.
 *
 * @module
 */

import { BerthError } from "../errors.ts";
import type { ExtractArchiveOptions, ExtractedArchive } from "./extract_archive.ts";
import {
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
  /** A worker that does not move for this long is given up, in ms. */
  readonly stallMs: number;
  /** A worker without work for this long is ended, in ms. */
  readonly idleMs: number;
}

/** How one extraction ended, as the lane sees it. */
type Ending = ExtractionReply | { readonly kind: "lost"; readonly why: string };

/** Owns at most one worker, started with the first extraction and ended when there is nothing to do. */
export class ExtractionWorker implements Disposable {
  readonly #options: ExtractionWorkerOptions;
  #worker: Worker | undefined;
  #isBusy = false;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** @param options See {@linkcode ExtractionWorkerOptions}. */
  constructor(options: ExtractionWorkerOptions) {
    this.#options = options;
  }

  /** Whether the worker has been started: the next extraction need not wait for that. */
  get warm(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the worker, where there is none: the next extraction need not wait for that. */
  warmUp(): void {
    if (!this.#isBusy) this.#endWhenIdle();
    if (this.#worker) return;
    const worker = this.#options.createWorker();
    worker.onerror = (event) => {
      // The next extraction starts another one, and says what is wrong.
      event.preventDefault();
      if (this.#worker === worker) this[Symbol.dispose]();
    };
    this.#worker = worker;
  }

  /**
   * Extracts one archive; not to be called again before it has settled.
   *
   * @param options What to extract, and where to.
   * @param signal Gives it up: the worker stops at the next piece and removes what it wrote.
   * @returns What was extracted.
   * @throws {BerthError} The archive was refused, the disk failed, or the worker was lost. Nothing is left behind.
   */
  async run(options: ExtractArchiveOptions, signal: AbortSignal): Promise<ExtractedArchive> {
    let created: boolean | undefined;
    clearTimeout(this.#idle);
    this.#isBusy = true;
    const ending = await this.#ask(options, signal, (reply) => created = reply.created).finally(() => {
      this.#isBusy = false;
      this.#endWhenIdle();
    });
    if (ending.kind === "extracted" && !signal.aborted) return ending.result;
    if (ending.kind === "lost") this[Symbol.dispose]();
    // A worker that ended by itself has removed what it wrote, unless it succeeded just before it was stopped.
    if (ending.kind === "lost" || ending.kind === "extracted") {
      await removeExtracted(options.destination, created);
    }
    signal.throwIfAborted();
    if (ending.kind === "failed") throw unpackExtractionError(ending.error);
    const why = ending.kind === "lost" ? ending.why : "it stopped unasked";
    throw new BerthError(
      "archive/worker",
      `Cannot extract '${options.archivePath}': its worker was lost (${why}). Try again; the next one starts afresh.`,
    );
  }

  /** Ends the worker. */
  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this[Symbol.dispose](), this.#options.idleMs);
  }

  async #ask(
    options: ExtractArchiveOptions,
    signal: AbortSignal,
    onStarted: (reply: { created: boolean }) => void,
  ): Promise<Ending> {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    const shared = new SharedArrayBuffer(EXTRACTION_SIGNAL_BYTES);
    const words = new Int32Array(shared);
    // A worker that is terminated while it is busy runs on: it hears of the end here, and cleans up itself.
    const stop = (): void => void Atomics.store(words, ControlSlot.Stop, 1);
    signal.addEventListener("abort", stop, { once: true });
    const watch = this.#watch(words, () => {
      stop();
      resolve({ kind: "lost", why: `it did not move for ${this.#options.stallMs} ms` });
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
      worker.postMessage({ options, shared } satisfies ExtractionRequest);
      return await promise;
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", stop);
    }
  }

  #watch(words: Int32Array, onStall: () => void): ReturnType<typeof setInterval> {
    let seen = -1;
    return setInterval(() => {
      const progress = Atomics.load(words, ControlSlot.Progress);
      if (progress === seen) onStall();
      seen = progress;
    }, this.#options.stallMs);
  }
}

async function removeExtracted(destination: string, created: boolean | undefined): Promise<void> {
  // Before it said that it started, nothing there is the worker's.
  if (created === undefined) return;
  if (created) return await removeIfThere(destination);
  for await (const { name } of Deno.readDir(destination)) await removeIfThere(`${destination}/${name}`);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
