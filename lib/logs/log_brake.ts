/**
 * Back-pressure: lets a container print no faster than its output can be stored.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerOrchestrator, LogEntry, ReadLogOptions } from "../engine/container_orchestrator.ts";
import type { LogLimits } from "../engine/container_spec.ts";
import { messageOf } from "../errors.ts";
import { BrakeCredit } from "./brake_credit.ts";
import { spoolBytes } from "./spool_bytes.ts";

/**
 * What becomes of a container that prints faster than its log is stored, as of Docker's log drivers. `blocking`: its
 * writes wait. `non-blocking`: they never do, and lines may be lost.
 */
export type LogMode = "blocking" | "non-blocking";

/** What a {@linkcode LogBrake} needs. */
export interface LogBrakeOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "attach" | "readLog">;
  /** Id of the container. */
  readonly container: string;
  /** How the engine keeps its output. */
  readonly spool: LogLimits;
  /** So many bytes are worth storing at once. */
  readonly urgentBytes: number;
  /** Grows with all that is stored of any container: what waits for its turn is not held up by a store that does nothing. */
  readonly storedOfAll: () => number;
}

/** How often it is looked how it goes, in ms. */
const TICK_MS = 250;
/** A container is not held up for longer by a store, or an engine, that does nothing, in ms. */
const PATIENCE_MS = 5_000;
/**
 * So much is let through at every tick, in bytes. An engine gives the last output of a container that has exited two
 * seconds to go through, as much as the pipes hold, and drops the rest.
 */
const TRICKLE_BYTES = 128 * 1024;
/** Meanwhile it says nothing of the container: when it is silent for so long, in ms, that may be why. */
const SILENCE_MS = 1_000;
const NEWLINE = 0x0a;

/**
 * Attaches to a container that prints faster than its log is stored, and reads what it prints only as fast as
 * that is stored: the engine's pipe fills up, and the container blocks in its write, as it does behind a slow log
 * driver. When storing fails, or makes no progress, it lets go, and the engine drops what it cannot keep; when this
 * process ends, so does the connection.
 */
export class LogBrake {
  readonly #options: LogBrakeOptions;
  readonly #keptBytes: number;
  #on: { readonly credit: BrakeCredit; readonly attached: AbortController } | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Whether something was stored since it last let go: else it would only hold up. */
  #mayHold = true;
  #isClosed = false;
  #transfers = 0;
  #stored = 0;
  /** What was printed, and stored, at the last tick, and at how many of them nothing more was stored. */
  #atTick = { printed: 0, stored: 0, storedOfAll: 0, stalled: 0 };
  /** So many bytes are let through without credit. */
  #trickle = 0;
  #wake: () => void = () => {};
  /** When the engine was asked for more of the log, and has not answered yet. */
  #askedAt: number | undefined;
  /** Called when so much was printed that it should be stored. */
  onBusy: () => void = () => {};

  /** @param options See {@linkcode LogBrakeOptions}. */
  constructor(options: LogBrakeOptions) {
    this.#options = options;
    const { maxSizeBytes, maxFiles } = options.spool;
    // A rotation drops a whole file.
    this.#keptBytes = maxSizeBytes * Math.max(0.5, maxFiles - 1);
  }

  /** Whether it is attached, and there is something to store at once. */
  get isBusy(): boolean {
    return this.#on !== undefined && this.#on.credit.waiting >= this.#options.urgentBytes;
  }

  /** How many entries a transfer has to expect that begins now; `undefined` when it does not know. */
  get expected(): number | undefined {
    return this.#on?.credit.expected;
  }

  /**
   * Attaches, if that is more than can wait.
   *
   * @param bytes What was printed and is not stored, as the engine keeps it.
   */
  apply(bytes: number): void {
    if (bytes < this.#options.urgentBytes || this.#on || !this.#mayHold || this.#isClosed) return;
    const attached = new AbortController();
    this.#on = { credit: new BrakeCredit(this.#keptBytes), attached };
    this.#atTick = { printed: 0, stored: this.#stored, storedOfAll: this.#options.storedOfAll(), stalled: 0 };
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#pass(this.#on.credit, attached.signal).catch((error) => {
      if (attached.signal.aborted) return;
      this.#mayHold = false;
      const container = this.#options.container.slice(0, 12);
      getLogger(["berth", "logs"]).debug("not attached", { container, problem: messageOf(error) });
    }).finally(() => {
      if (this.#on?.attached === attached) this.release();
    });
  }

  /**
   * Says that something was stored.
   *
   * @param bytes Bytes of text.
   * @param entries Of how many entries they were made.
   */
  stored(bytes: number, entries: number): void {
    const kept = spoolBytes(bytes, entries);
    this.#stored += kept;
    this.#on?.credit.earn(kept);
    this.#wake();
    if (this.#mayHold) return;
    // Nobody has heard meanwhile whether the burst goes on.
    this.#mayHold = true;
    this.apply(Infinity);
  }

  /**
   * Makes a transfer of all that was printed before it began.
   *
   * @param make Makes it.
   * @returns What it returns.
   */
  async during<T>(make: () => Promise<T>): Promise<T> {
    const settle = this.#on?.credit.begin();
    this.#transfers++;
    try {
      const result = await make();
      settle?.();
      return result;
    } catch (error) {
      this.#letGo();
      throw error;
    } finally {
      this.#transfers--;
      this.#wake();
    }
  }

  /**
   * Reads the log, as the engine's `readLog()` does: lets go when the engine says nothing of it.
   *
   * @param container Id of the container.
   * @param options Which entries.
   * @returns The entries.
   */
  async *readLog(container: string, options?: ReadLogOptions): AsyncGenerator<readonly LogEntry[]> {
    try {
      this.#askedAt = performance.now();
      for await (const entries of this.#options.orchestrator.readLog(container, options)) {
        this.#askedAt = undefined;
        yield entries;
        this.#askedAt = performance.now();
      }
    } finally {
      this.#askedAt = undefined;
    }
  }

  /** Detaches until the next burst. */
  release(): void {
    clearInterval(this.#timer);
    this.#on?.attached.abort(new DOMException("The brake was released", "AbortError"));
    this.#on = undefined;
    this.#wake();
  }

  /** Detaches for good: the container is to stop, or nobody stores its log any more. */
  close(): void {
    this.#isClosed = true;
    this.release();
  }

  /** Holds nothing up before something is stored again. */
  #letGo(): void {
    this.#mayHold = false;
    this.release();
  }

  /** Reads what is printed, as long as there is credit. */
  async #pass(credit: BrakeCredit, signal: AbortSignal): Promise<void> {
    const { orchestrator, container } = this.#options;
    for await (const pieces of orchestrator.attach(container, { signal })) {
      for (const { stream, content } of pieces) {
        credit.spend(stream, { bytes: content.length, lines: countLines(content) });
        this.#trickle -= content.length;
      }
      if (this.isBusy) this.onBusy();
      while (!credit.isOpen && this.#trickle <= 0 && !signal.aborted) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }

  #tick(): void {
    const { isOpen, printed } = this.#on!.credit;
    const before = this.#atTick;
    const storedOfAll = this.#options.storedOfAll();
    const isStored = this.#stored > before.stored ||
      (this.#transfers === 0 && storedOfAll > before.storedOfAll);
    const isQuiet = printed.bytes - before.printed < this.#options.urgentBytes * TICK_MS / 1000;
    const stalled = isOpen || isStored ? 0 : before.stalled + 1;
    this.#atTick = { printed: printed.bytes, stored: this.#stored, storedOfAll, stalled };
    const silentMs = performance.now() - (this.#askedAt ?? Infinity);
    if (stalled * TICK_MS >= PATIENCE_MS || silentMs >= SILENCE_MS) return this.#letGo();
    if (isOpen && isQuiet && this.#transfers === 0 && !this.isBusy) return this.release();
    this.#trickle = isOpen ? 0 : TRICKLE_BYTES;
    this.#wake();
  }
}

function countLines(content: Uint8Array): number {
  let lines = 0;
  for (let i = 0; i < content.length; i++) if (content[i] === NEWLINE) lines++;
  return lines;
}
