/**
 * The life of one container's stored log: when it is read, and when it is complete.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { backoffMs, RETRY } from "../util/backoff.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { ContainerNotFoundError, messageOf } from "../errors.ts";
import type { Limiter } from "../util/limiter.ts";
import { LogBell } from "./log_bell.ts";
import type { LogBrake } from "./log_brake.ts";
import type { LoggedContainer, LogTransfer, Transferred } from "./log_transfer.ts";

/** What a {@linkcode ContainerLog} needs. */
export interface ContainerLogOptions {
  /** The container. */
  readonly container: LoggedContainer;
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus">;
  /** What stores its lines. */
  readonly transfer: LogTransfer;
  /** What slows the container down when it prints faster than that. @default {none: it is never slowed down} */
  readonly brake?: LogBrake;
  /** Whether the container was started just now: it need not be asked about, and its first lines have time. */
  readonly isNew: boolean;
  /** How many transfers are made at the same time; shared by all containers. */
  readonly limit: Limiter;
  /** Called before each transfer: resolves when nothing has to be stored before. */
  readonly before: (log: ContainerLog, signal: AbortSignal) => Promise<void>;
  /** Time between two transfers in ms. */
  readonly intervalMs: number;
  /** So many bytes are not left waiting for the interval. */
  readonly urgentBytes: number;
}

/** So many entries more are looked for than the bell has counted: it does not ring for all. */
const EXPECTED_ENTRIES = 64;
/** The engine is asked why a log has ended after so long, in ms. */
const ASK_MS = 1_000;
/** A bell that has rung is hung anew after so long, in ms: engines may go deaf after a rotation. */
const BELL_MS = 10 * 60_000;

/**
 * Stores the output of one container until it has exited and all of it is stored. While the container prints
 * nothing, nothing is asked of anybody.
 */
export class ContainerLog {
  readonly #options: ContainerLogOptions;
  readonly #closing = new AbortController();
  readonly #log = getLogger(["berth", "logs"]);
  readonly #done: Promise<void>;
  #bell: LogBell | undefined;
  #bellAt = 0;
  #hasRung = false;
  #lastAt = -Infinity;
  /** What the bell has told of since it was last counted or stored. */
  #uncounted = { entries: 0, bytes: 0 };
  /** Whether it has not been asked for yet how it stands with the container. */
  #isNew: boolean;
  /** Lines may have been printed that no bell rang for. */
  #isUnsure = true;
  #isComplete = false;
  /** When the container was created, once it is known to have exited. */
  #exitedOf: number | undefined;
  #problem: string | undefined;
  #transfer: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => {};

  /** Begins. @param options See {@linkcode ContainerLogOptions}. */
  constructor(options: ContainerLogOptions) {
    this.#options = options;
    this.#isNew = options.isNew;
    if (options.brake) options.brake.onBusy = () => this.#wake();
    if (options.isNew) this.#lastAt = performance.now();
    this.#done = this.#run();
  }

  /** Id of the bot. */
  get id(): string {
    return this.#options.container.id;
  }

  /** Notes that the container has exited. @param createdAt When it was created, by the engine's clock. */
  markExited(createdAt: Date): void {
    this.#exitedOf = createdAt.getTime();
  }

  /** Whether the container has exited, and another one of the same bot was created later, or still runs. */
  isBefore(other: ContainerLog): boolean {
    return this.#exitedOf !== undefined &&
      (other.#exitedOf === undefined || this.#exitedOf < other.#exitedOf);
  }

  /** Whether the container has exited, or is gone, and all that it printed is stored. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Why what was printed cannot be stored at the moment. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Stores the rest of a container that has exited.
   *
   * @param signal Gives up.
   * @returns Resolves when all is stored.
   * @throws What keeps it from being stored; it is tried again all the same.
   */
  async complete(signal?: AbortSignal): Promise<void> {
    if (this.#isComplete) return;
    try {
      await this.#store({ isFinal: true, ...(signal && { signal }) });
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof ContainerNotFoundError)) throw error;
      this.#vanish();
    }
    await this.close();
  }

  /** Ends; what is not stored yet is stored by whoever begins again. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException("Log collection was ended", "AbortError"));
    this.#bell?.close();
    this.#options.brake?.close();
    this.#wake();
    await this.#done;
  }

  /** Slows the container down no more: it is about to be stopped. */
  letGo(): void {
    this.#options.brake?.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted && !this.#isComplete;) {
      try {
        await this.#turn();
        if (this.#problem !== undefined) this.#log.info("logs are stored again", this.#fields());
        this.#problem = undefined;
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ContainerNotFoundError) return this.#vanish();
        this.#tell(error);
        const waitMs = backoffMs(++failures, RETRY.log);
        await delay(waitMs, undefined, { signal }).catch(() => {});
        await this.#count();
      }
    }
    this.#bell?.close();
    this.#options.brake?.close();
  }

  /** What cannot be stored for now is counted before the engine may drop it. */
  async #count(): Promise<void> {
    const { transfer, urgentBytes } = this.#options;
    const { signal } = this.#closing;
    const entries = this.#uncounted.entries + (this.#bell?.entries ?? 0);
    const bytes = this.#uncounted.bytes + (this.#bell?.bytes ?? 0);
    // While no bell hangs nobody hears what is printed.
    if (signal.aborted || (this.#bell?.isOpen && bytes < urgentBytes)) return;
    this.#uncounted = { entries: 0, bytes: 0 };
    this.#bell?.reset();
    try {
      await transfer.count(2 * entries + EXPECTED_ENTRIES, signal);
    } catch {
      // Why the engine does not answer is told by the next try to store.
    }
  }

  async #turn(): Promise<void> {
    const { orchestrator, container } = this.#options;
    if (this.#isNew) this.#isNew = false;
    else if (!this.#bell?.isOpen) {
      // Who stops a container says soon that it has ended: then the engine need not be asked.
      if (this.#bell) await this.#pause(ASK_MS);
      if (this.#closing.signal.aborted || this.#isComplete) return;
      // Asked before the log is read: what has exited prints no more.
      const status = await orchestrator.getStatus(container.containerId, { signal: this.#closing.signal });
      if (!status) return this.#vanish();
      if (status.phase === "exited") {
        this.markExited(status.createdAt);
        await this.#store({ isFinal: true });
        return;
      }
    }
    this.#hangBell();
    await this.#waitForWork();
    if (this.#closing.signal.aborted || !this.#bell?.isOpen) return;
    const { urgentBytes, brake } = this.#options;
    const startedAt = performance.now();
    const isUrgent = this.#isUrgent();
    this.#isUnsure = startedAt - this.#bellAt < this.#options.intervalMs / 2;
    // Of one that prints fast nothing is read twice: the engine would be the slower for it.
    if (isUrgent) this.#bell.close();
    let stored = await this.#store({ isFinal: false });
    // No bell rings for the line that waits for its end.
    if (stored.hasOpenLine) this.#isUnsure = true;
    if (!isUrgent) return;
    while ((stored.bytes >= urgentBytes || brake?.isBusy) && !this.#closing.signal.aborted) {
      stored = await this.#store({ isFinal: false, expected: brake?.expected ?? 2 * stored.entries });
    }
    // Nobody is deaf meanwhile: the next burst may begin at once.
    if (!this.#closing.signal.aborted) this.#hangBell();
  }

  #isUrgent(): boolean {
    return this.#bell!.bytes >= this.#options.urgentBytes || (this.#options.brake?.isBusy ?? false);
  }

  #ring(): void {
    if (this.#problem === undefined) this.#options.brake?.apply(this.#bell?.spoolBytes ?? 0);
    this.#wake();
  }

  #hangBell(): void {
    const { orchestrator, container } = this.#options;
    const isDeaf = this.#hasRung && performance.now() - this.#bellAt > BELL_MS;
    if (this.#bell?.isOpen && !isDeaf) return;
    this.#bell?.close();
    this.#bell = new LogBell(orchestrator, container.containerId, () => this.#ring());
    this.#bellAt = performance.now();
    this.#isUnsure = true;
    // What was printed before it hangs it does not tell of.
    this.#uncounted.bytes = Infinity;
  }

  /** Until the interval is over and something was printed, much was printed, or the log has ended. */
  async #waitForWork(): Promise<void> {
    const { intervalMs } = this.#options;
    const bell = this.#bell!;
    while (!this.#closing.signal.aborted && bell.isOpen && !this.#isUrgent()) {
      if (bell.entries > 0) this.#hasRung = true;
      const leftMs = this.#lastAt + intervalMs - performance.now();
      const isWork = this.#isUnsure || bell.entries > 0;
      if (isWork && leftMs <= 0) return;
      await this.#pause(isWork ? leftMs : undefined);
    }
  }

  /** One at a time: who comes second finds what the first has left. */
  #store(
    { isFinal, expected, signal }: {
      readonly isFinal: boolean;
      readonly expected?: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<Transferred> {
    const { limit, transfer, brake, before } = this.#options;
    // What has exited prints no more.
    if (isFinal) brake?.close();
    const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    const run = async () => {
      await before(this, either);
      return await limit.run(async () => {
        if (this.#isComplete) return { bytes: 0, entries: 0 };
        const entries = expected ?? 2 * (this.#bell?.entries ?? 0) + EXPECTED_ENTRIES;
        this.#uncounted.entries += this.#bell?.entries ?? 0;
        this.#uncounted.bytes += this.#bell?.bytes ?? 0;
        this.#bell?.reset();
        this.#lastAt = performance.now();
        const make = () => transfer.run({ isFinal, expected: entries, signal: either });
        const stored = await (brake ? brake.during(make) : make());
        this.#uncounted = { entries: 0, bytes: 0 };
        if (isFinal) this.#isComplete = true;
        return stored;
      }, either);
    };
    const next = this.#transfer.then(run, run);
    this.#transfer = next.catch(() => {});
    return next;
  }

  #vanish(): void {
    this.#log.warn("container is gone before all of its output was stored", this.#fields());
    this.#isComplete = true;
  }

  #tell(error: unknown): void {
    const problem = messageOf(error);
    if (this.#problem === undefined) this.#log.warn("logs not stored yet", { ...this.#fields(), problem });
    this.#problem = problem;
    // What the bell has counted was not read: the next turn does not wait for it to ring.
    this.#isUnsure = true;
    this.#lastAt = -Infinity;
  }

  #fields() {
    const { id, containerId } = this.#options.container;
    return { id, container: containerId.slice(0, 12) };
  }

  /** Until somebody wakes it, or the time is over. */
  #pause(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#wake(), Math.max(0, ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closing.signal.aborted) this.#wake();
    });
  }
}
