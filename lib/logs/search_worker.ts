/**
 * Searches logs in a thread.
 *
 * @module
 */

import type { LineQuery, ScanResult } from "./line_scanner.ts";

/** To a thread: the next bytes of a log. It answers with a {@linkcode SearchReply}. */
export interface SearchRequest {
  /** With the first bytes: which lines to find, and the position of these bytes in the log. */
  readonly begin: { readonly query: LineQuery; readonly offset: number } | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the log ends with these bytes. */
  readonly isLast: boolean;
}

/** From a thread: what it found in a piece. */
export interface SearchReply extends ScanResult {
  /** The memory of the piece, to be used again. */
  readonly memory: ArrayBuffer;
}

/** How many pieces a thread may have before it: reading and searching overlap. */
const MAX_PIECES_AHEAD = 2;
/** Size of a piece in bytes. Smaller ones cost more time on the way between the threads. */
const PIECE_BYTES = 1024 ** 2;

/** Owns a thread, which searches one log at a time. */
export class SearchWorker implements Disposable {
  readonly #worker: Worker;
  /** Memory of pieces that were searched. New memory would have to be cleared first. */
  readonly #memory: ArrayBuffer[] = [];
  readonly #waiting: PromiseWithResolvers<SearchReply>[] = [];
  readonly #failure = Promise.withResolvers<never>();
  #isBroken = false;

  /** Starts the thread. */
  constructor() {
    this.#failure.promise.catch(() => {});
    this.#worker = new Worker(new URL("./search_thread.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<SearchReply>) => {
      if (data.memory.byteLength === PIECE_BYTES) this.#memory.push(data.memory);
      this.#waiting.shift()?.resolve(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#isBroken = true;
      this.#failure.reject(new Error(`The search thread failed: ${event.message}`));
    };
  }

  /** Whether the thread has failed, so that it cannot search any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * Searches a log.
   *
   * @param body The bytes. Cancelled if the caller leaves early.
   * @param query Which lines.
   * @param offset Position of the first byte in the log.
   * @returns The results, piece by piece. Reads no more than a few pieces ahead.
   */
  async *search(
    body: ReadableStream<Uint8Array>,
    query: LineQuery,
    offset: number,
  ): AsyncGenerator<SearchReply> {
    let begin: SearchRequest["begin"] = { query, offset };
    const read = readerOf(body, () => this.#memory.pop() ?? new ArrayBuffer(PIECE_BYTES));
    const replies: Promise<SearchReply>[] = [];
    const next = () => Promise.race([replies.shift()!, this.#failure.promise]);
    try {
      for (let isLast = false; !isLast;) {
        const { done, value } = await read.next();
        isLast = done;
        replies.push(this.#ask({ begin, bytes: value ?? new Uint8Array(), isLast }));
        begin = undefined;
        if (replies.length > MAX_PIECES_AHEAD) yield await next();
      }
      while (replies.length > 0) yield await next();
    } finally {
      await read.cancel().catch(() => {});
      // The thread is free again once it has searched what it has.
      await Promise.race([Promise.all(replies), this.#failure.promise]).catch(() => {});
    }
  }

  /** Ends the thread, whatever it is doing. */
  [Symbol.dispose](): void {
    this.#isBroken = true;
    this.#worker.terminate();
    this.#failure.reject(new DOMException("The search was ended", "AbortError"));
  }

  #ask(request: SearchRequest): Promise<SearchReply> {
    const waiting = Promise.withResolvers<SearchReply>();
    waiting.promise.catch(() => {});
    this.#waiting.push(waiting);
    this.#worker.postMessage(request, [request.bytes.buffer]);
    return waiting.promise;
  }
}

/** Reads the pieces of a stream. */
interface PieceReader {
  next(): Promise<{ readonly done: boolean; readonly value?: Uint8Array<ArrayBuffer> | undefined }>;
  cancel(): Promise<void>;
}

/** Reads a byte stream into memory that is there already. */
function readerOf(body: ReadableStream<Uint8Array>, memory: () => ArrayBuffer): PieceReader {
  try {
    const reader = body.getReader({ mode: "byob" });
    return { next: () => reader.read(new Uint8Array(memory())), cancel: () => reader.cancel() };
  } catch {
    const reader = (body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
    return { next: () => reader.read(), cancel: () => reader.cancel() };
  }
}
