/**
 * Packs files in several threads.
 *
 * @module
 */

import { InvalidBotFolderError } from "../errors.ts";
import type { FileToPack, PackedFile, PackMode } from "./pack_file.ts";

/** Request to pack a batch of files. */
export interface PackRequest {
  /** The files. */
  readonly files: readonly FileToPack[];
  /** The work on them. */
  readonly mode: PackMode;
}

/** Answer of a thread. */
export type PackReply =
  | {
    readonly kind: "packed";
    /** The files, each with the length of its part of the data. */
    readonly files: readonly (Omit<PackedFile, "data"> & { readonly length: number })[];
    /** Data of all files, one after the other. */
    readonly data: Uint8Array<ArrayBuffer>;
  }
  | { readonly kind: "failed"; readonly path: string; readonly why: string };

/** Largest number of threads: more wait for the disk and for the thread that writes the archive. */
const MAX_THREADS = 4;
/** Size from which a batch is complete, in bytes. */
const BATCH_BYTES = 2 * 1024 ** 2;
/** Number of files from which a batch is complete. */
const BATCH_FILES = 200;

/** Threads that pack files. They start with the first batch, and end with the disposal. */
export class PackThreads implements Disposable {
  #workers: Worker[] = [];

  /**
   * Packs files.
   *
   * @param files The files.
   * @param mode The work on them.
   * @param signal Cancels the call.
   * @returns The packed files in the same order, as soon as they are there.
   * @throws {InvalidBotFolderError} If a file cannot be read.
   */
  async *pack(
    files: readonly FileToPack[],
    mode: PackMode,
    signal?: AbortSignal,
  ): AsyncGenerator<PackedFile, undefined> {
    const batches = batchesOf(files).map((files) => ({ files, done: Promise.withResolvers<PackReply>() }));
    // Only the first failure is awaited.
    for (const { done } of batches) done.promise.catch(() => {});
    const fail = (reason: unknown) => batches.forEach(({ done }) => done.reject(reason));
    const stop = () => fail(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    const queue = batches.values();
    this.#start(Math.min(batches.length, navigator.hardwareConcurrency, MAX_THREADS));
    for (const worker of this.#workers) {
      const next = () => {
        const { value: batch } = queue.next();
        if (!batch) return;
        worker.onmessage = ({ data }: MessageEvent<PackReply>) => {
          batch.done.resolve(data);
          next();
        };
        worker.postMessage({ files: batch.files, mode } satisfies PackRequest);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        fail(new InvalidBotFolderError(`Cannot pack: a thread was lost (${event.message}). Try again.`));
      };
      next();
    }
    try {
      for (const { done } of batches) yield* filesOf(await done.promise);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }

  #start(count: number): void {
    while (this.#workers.length < count) {
      const script = new URL("./pack_thread.ts", import.meta.url);
      this.#workers.push(new Worker(script, { type: "module" }));
    }
  }
}

function* filesOf(reply: PackReply): Generator<PackedFile> {
  if (reply.kind === "failed") {
    throw new InvalidBotFolderError(`Cannot read '${reply.path}': ${reply.why}.`);
  }
  let at = 0;
  for (const { length, ...file } of reply.files) {
    yield { ...file, data: reply.data.subarray(at, at + length) };
    at += length;
  }
}

function batchesOf(files: readonly FileToPack[]): FileToPack[][] {
  const batches: FileToPack[][] = [];
  let bytes = Infinity;
  for (const file of files) {
    const last = batches.at(-1);
    if (last && bytes < BATCH_BYTES && last.length < BATCH_FILES) last.push(file);
    else {
      batches.push([file]);
      bytes = 0;
    }
    bytes += file.size;
  }
  return batches;
}
