/**
 * Tells that a container prints. What it prints is read elsewhere: a followed log is not exact.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { spoolBytes } from "./spool_bytes.ts";

/** Follows a container's log and counts. */
export class LogBell {
  readonly #closing = new AbortController();
  readonly #onRing: () => void;
  #isOpen = true;
  #entries = 0;
  #bytes = 0;
  /** Settles when the log has ended or is closed; never rejects. */
  readonly ended: Promise<void>;

  /**
   * Begins to follow.
   *
   * @param orchestrator The engine.
   * @param container Id of the container.
   * @param onRing Called when something was printed, and when the log has ended.
   */
  constructor(
    orchestrator: Pick<ContainerOrchestrator, "readLog">,
    container: string,
    onRing: () => void,
  ) {
    this.#onRing = onRing;
    this.ended = this.#follow(orchestrator, container);
  }

  /** Whether it still follows. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Entries printed since the last {@linkcode reset}. */
  get entries(): number {
    return this.#entries;
  }

  /** Bytes printed since the last {@linkcode reset}. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The same, as the engine keeps it. */
  get spoolBytes(): number {
    return spoolBytes(this.#bytes, this.#entries);
  }

  /** Counts from 0 again. */
  reset(): void {
    this.#entries = 0;
    this.#bytes = 0;
  }

  /** Follows no more. */
  close(): void {
    this.#closing.abort(new DOMException("The bell was closed", "AbortError"));
  }

  async #follow(orchestrator: Pick<ContainerOrchestrator, "readLog">, container: string): Promise<void> {
    const { signal } = this.#closing;
    try {
      for await (const entries of orchestrator.readLog(container, { follow: true, tail: 0, signal })) {
        this.#entries += entries.length;
        for (const { content } of entries) this.#bytes += content.length;
        this.#onRing();
      }
    } catch {
      // Why it has ended is asked for by whoever hears that it has.
    } finally {
      this.#isOpen = false;
      this.#onRing();
    }
  }
}
