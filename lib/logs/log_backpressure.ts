/**
 * Back-pressure: a container prints no faster than its output can be stored.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { LogLimits } from "../engine/container_spec.ts";
import { messageOf } from "../errors.ts";
import { Wakeup } from "../util/wakeup.ts";
import { FlowCredit, spoolBytes } from "./flow_credit.ts";
import type { LogCollection } from "./log_collection.ts";

/**
 * How a container is treated that prints faster than its log is stored, as with Docker's log drivers. `blocking`: its
 * writes wait. `non-blocking`: they never wait, and lines may be lost.
 */
export type LogMode = "blocking" | "non-blocking";

/** Options of {@linkcode LogBackpressure}. */
export interface LogBackpressureOptions extends Pick<LogCollection, "urgentBytes" | "storedOfAll" | "clock"> {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "attach">;
  /** Id of the container. */
  readonly container: string;
  /** How the engine keeps its output. */
  readonly spool: LogLimits;
  /** Called when `urgentBytes` have been printed. */
  readonly onBusy: () => void;
}

/** How often progress is checked, in ms. */
const CHECK_INTERVAL_MS = 250;
/** A store or engine that makes no progress holds a container up no longer than this, in ms. */
const STALL_TIMEOUT_MS = 5_000;
/**
 * Part that passes without credit at each check, in bytes. After an exit, an engine passes on the last output for two
 * seconds, as much as the pipes hold, and drops the rest.
 */
const TRICKLE_BYTES = 128 * 1024;
/** After an exit the engine does not answer before the pipes are empty: a silence this long may have that reason, in ms. */
const SILENCE_TIMEOUT_MS = 1_000;
const NEWLINE = 0x0a;

/**
 * Attaches to a container that prints faster than its log is stored, and reads its output only as fast as it is stored:
 * the engine's pipe fills up, and the container blocks in its write, as behind a slow log driver. When storing fails or
 * stalls, it detaches, and the engine drops what it cannot keep; when this process ends, so does the connection.
 */
export class LogBackpressure {
  readonly #options: LogBackpressureOptions;
  readonly #keptBytes: number;
  readonly #wakeup = new Wakeup();
  #attached: { readonly credit: FlowCredit; readonly connection: AbortController } | undefined;
  /** False from a failure until something is stored: until then it would only hold the container up. */
  #mayAttach = true;
  #isClosed = false;
  #shipments = 0;
  #storedBytes = 0;
  /** Bytes that may pass without credit. */
  #trickleBytes = 0;
  /** Since when the engine is asked for more of the log and has not answered. */
  #waitingSince: number | undefined;

  constructor(options: LogBackpressureOptions) {
    this.#options = options;
    const { maxSizeBytes, maxFiles } = options.spool;
    // A rotation drops a whole file.
    this.#keptBytes = maxSizeBytes * Math.max(0.5, maxFiles - 1);
  }

  /** Whether it is attached, and enough was printed to be stored at once. */
  get isBusy(): boolean {
    return this.#attached !== undefined && this.#attached.credit.waiting >= this.#options.urgentBytes;
  }

  /** How many entries to expect in a shipment that begins now; `undefined` if unknown. */
  get expected(): number | undefined {
    return this.#attached?.credit.expected;
  }

  /**
   * Attaches if much waits. @param bytes The amount that was printed and is not stored, in bytes of the engine's files.
   */
  attachIfUrgent(bytes: number): void {
    if (bytes < this.#options.urgentBytes || this.#attached || !this.#mayAttach || this.#isClosed) return;
    const connection = new AbortController();
    const { signal } = connection;
    const credit = new FlowCredit(this.#keptBytes);
    this.#attached = { credit, connection };
    this.#checkProgress(credit, signal);
    this.#passOutput(credit, signal).catch((error) => {
      if (signal.aborted) return;
      this.#mayAttach = false;
      const container = this.#options.container.slice(0, 12);
      getLogger(["berth", "logs"]).debug("not attached", { container, problem: messageOf(error) });
    }).finally(() => {
      if (this.#attached?.connection === connection) this.release();
    });
  }

  /** Records that lines were stored. @param textBytes Their size when printed. @param entries How many entries they were. */
  recordStored(textBytes: number, entries: number): void {
    const bytes = spoolBytes(textBytes, entries);
    this.#storedBytes += bytes;
    this.#attached?.credit.earn(bytes);
    this.#wakeup.wake();
    if (this.#mayAttach) return;
    this.#mayAttach = true;
    // Whether the burst goes on is unknown.
    this.attachIfUrgent(Infinity);
  }

  /** Records that the shipment of the log waits for the engine, or has its answer. */
  recordEngineWait(isWaiting: boolean): void {
    this.#waitingSince = isWaiting ? this.#options.clock.monotonic() : undefined;
  }

  /** Makes a shipment of all that was printed before it. */
  async duringShipment<T>(ship: () => Promise<T>): Promise<T> {
    const settle = this.#attached?.credit.beginShipment();
    this.#shipments++;
    try {
      const result = await ship();
      settle?.();
      return result;
    } catch (error) {
      this.#giveUp();
      throw error;
    } finally {
      this.#shipments--;
      this.#wakeup.wake();
    }
  }

  /** Detaches until the next burst. */
  release(): void {
    this.#attached?.connection.abort(
      new DOMException("The container is no longer slowed down", "AbortError"),
    );
    this.#attached = undefined;
  }

  /** Detaches for good: the container is about to stop, or its log is no longer stored. */
  close(): void {
    this.#isClosed = true;
    this.release();
  }

  /** Detaches until something is stored again. */
  #giveUp(): void {
    this.#mayAttach = false;
    this.release();
  }

  async #passOutput(credit: FlowCredit, signal: AbortSignal): Promise<void> {
    const { orchestrator, container, clock, onBusy } = this.#options;
    for await (const pieces of orchestrator.attach(container, { signal })) {
      for (const { stream, content } of pieces) {
        credit.spend(stream, { bytes: content.length, lines: countLines(content) });
        this.#trickleBytes -= content.length;
      }
      if (this.isBusy) onBusy();
      while (!credit.isOpen && this.#trickleBytes <= 0 && !signal.aborted) {
        await this.#wakeup.sleep({ clock, signal });
      }
    }
  }

  async #checkProgress(credit: FlowCredit, signal: AbortSignal): Promise<void> {
    const { clock, urgentBytes, storedOfAll } = this.#options;
    /** Checks in a row without progress. */
    let stalled = 0;
    while (true) {
      const before = { printed: credit.printed.bytes, stored: this.#storedBytes, storedOfAll: storedOfAll() };
      await clock.sleep(CHECK_INTERVAL_MS, signal).catch(() => {});
      if (signal.aborted) return;
      const { isOpen, printed } = credit;
      const hasProgress = this.#storedBytes > before.stored ||
        (this.#shipments === 0 && storedOfAll() > before.storedOfAll);
      const isQuiet = printed.bytes - before.printed < urgentBytes * CHECK_INTERVAL_MS / 1000;
      stalled = isOpen || hasProgress ? 0 : stalled + 1;
      const silentMs = clock.monotonic() - (this.#waitingSince ?? Infinity);
      if (stalled * CHECK_INTERVAL_MS >= STALL_TIMEOUT_MS || silentMs >= SILENCE_TIMEOUT_MS) {
        return this.#giveUp();
      }
      if (isOpen && isQuiet && this.#shipments === 0 && !this.isBusy) return this.release();
      this.#trickleBytes = isOpen ? 0 : TRICKLE_BYTES;
      this.#wakeup.wake();
    }
  }
}

function countLines(content: Uint8Array): number {
  let lines = 0;
  for (let i = 0; i < content.length; i++) if (content[i] === NEWLINE) lines++;
  return lines;
}
