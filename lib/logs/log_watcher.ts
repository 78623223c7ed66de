/**
 * Notices that a container prints.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";

/** Entries to expect beyond those that a watcher has counted. */
const EXTRA_ENTRIES = 64;

/** How many entries to read where a watcher has counted some: it does not see all. */
export function expectedEntries(counted: number): number {
  return 2 * counted + EXTRA_ENTRIES;
}

/**
 * Follows a container's log and counts what is printed. The content is read elsewhere, because a followed log is not
 * exact; see docs/decisions/log-follow.md.
 */
export class LogWatcher {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog">;
  readonly #container: string;
  readonly #onOutput: () => void;
  #stream: AbortController | undefined;
  #entries = 0;
  #bytes = 0;

  /** @param onOutput Called when something was printed, and when the log has ended. */
  constructor(
    orchestrator: Pick<ContainerOrchestrator, "readLog">,
    container: string,
    onOutput: () => void,
  ) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#onOutput = onOutput;
  }

  /** Whether it follows; ends by itself with the log. */
  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Entries printed since the last {@linkcode reset}. */
  get entries(): number {
    return this.#entries;
  }

  /** Bytes printed since the last {@linkcode reset}. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Follows from now on, on a new connection, and counts from 0. */
  open(): void {
    this.close();
    this.reset();
    const stream = this.#stream = new AbortController();
    this.#follow(stream.signal).catch(() => {
      // The reader that notices the end of the log asks the engine for the reason.
    }).finally(() => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#onOutput();
    });
  }

  /** Counts from 0 again. */
  reset(): void {
    this.#entries = 0;
    this.#bytes = 0;
  }

  /** Stops following. */
  close(): void {
    this.#stream?.abort(new DOMException("The log is no longer watched", "AbortError"));
    this.#stream = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (
      const entries of this.#orchestrator.readLog(this.#container, { follow: true, tail: 0, signal })
    ) {
      if (signal.aborted) return;
      this.#entries += entries.length;
      for (const { content } of entries) this.#bytes += content.length;
      this.#onOutput();
    }
  }
}
