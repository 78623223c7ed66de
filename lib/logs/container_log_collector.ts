/**
 * Stores the log of one container until it is complete.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { LogUnreachableError } from "../engine/log_unreachable_error.ts";
import { ContainerNotFoundError, messageOf } from "../errors.ts";
import { backoffMs, RETRY } from "../util/backoff.ts";
import { Limiter } from "../util/limiter.ts";
import { Wakeup } from "../util/wakeup.ts";
import { spoolBytes } from "./flow_credit.ts";
import { LogBackpressure } from "./log_backpressure.ts";
import type { CollectedContainer, LogCollection } from "./log_collection.ts";
import { LogShipper, type Shipment, type ShipOptions } from "./log_shipper.ts";
import { expectedEntries, LogWatcher } from "./log_watcher.ts";

/**
 * How long after the end of a log to ask the engine for the reason, in ms: a caller that stops the container reports it
 * sooner.
 */
const STATUS_DELAY_MS = 1_000;
/** The watcher follows anew after this long, in ms: some engines stop sending after a log rotation. */
const REOPEN_AFTER_MS = 10 * 60_000;

/** Stores what a container prints until it has exited and everything is stored. Idle as long as it prints nothing. */
export class ContainerLogCollector {
  readonly #container: CollectedContainer;
  readonly #collection: LogCollection;
  readonly #intervalMs: number;
  readonly #shipper: LogShipper;
  readonly #backpressure: LogBackpressure | undefined;
  readonly #watcher: LogWatcher;
  readonly #closing = new AbortController();
  readonly #wakeup = new Wakeup();
  readonly #log = getLogger(["berth", "logs"]);
  readonly #done: Promise<void>;
  #watchedSince: number | undefined;
  #hasOutput = false;
  /** Whether something waits for the end of the interval. */
  #hasWork = false;
  #shippedAt = -Infinity;
  /** Bytes that the watcher has counted since the last count or write. */
  #uncounted = { entries: 0, bytes: 0 };
  /** Whether lines may have been printed that the watcher has not seen. */
  #isUnsure = true;
  #isComplete = false;
  /** When the container was created, in ms since 1970, once it is known to have exited. */
  #exitedOf: number | undefined;
  #problem: string | undefined;
  /** Since when the engine does not reach the log, in ms by the monotonic clock. */
  #unreachableSince: number | undefined;
  /** Makes shipments one at a time: each finds what the one before has left. */
  readonly #turn = new Limiter(1);

  /** Starts to collect. */
  constructor(container: CollectedContainer, collection: LogCollection) {
    const { orchestrator, spool, mode, clock } = collection;
    const { containerId, hasExited, isNew, createdAt } = container;
    this.#container = container;
    this.#collection = collection;
    this.#intervalMs = container.intervalMs ?? collection.intervalMs;
    this.#backpressure = spool && mode === "blocking"
      ? new LogBackpressure({
        ...collection,
        spool,
        container: containerId,
        onBusy: () => this.#wakeup.wake(),
      })
      : undefined;
    this.#shipper = new LogShipper(container, { ...collection, backpressure: this.#backpressure });
    this.#watcher = new LogWatcher(orchestrator, containerId, () => this.#onOutput());
    if (isNew) this.#shippedAt = clock.monotonic();
    if (hasExited) this.markExited(createdAt);
    this.#done = this.#run();
  }

  /** Id of the bot. */
  get id(): string {
    return this.#container.id;
  }

  /** Whether the container has exited, or is gone, and all that it printed is stored. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Why its output cannot be stored at the moment. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** For how long the engine has not reached the log, in ms; absent if it does. */
  get unreachableMs(): number | undefined {
    return this.#unreachableSince === undefined
      ? undefined
      : this.#collection.clock.monotonic() - this.#unreachableSince;
  }

  /** Records that the container has exited. @param createdAt When it was created, by the engine's clock. */
  markExited(createdAt: Date): void {
    this.#exitedOf = createdAt.getTime();
  }

  /** Whether the container has exited, and the other one was created later or still runs. */
  isBefore(other: ContainerLogCollector): boolean {
    return this.#exitedOf !== undefined &&
      (other.#exitedOf === undefined || this.#exitedOf < other.#exitedOf);
  }

  /**
   * Stores the rest of a container that has exited.
   *
   * @throws The error that keeps it from being stored; it is tried again all the same.
   */
  async complete(signal?: AbortSignal): Promise<void> {
    if (this.#isComplete) return;
    try {
      await this.#ship({ isFinal: true, signal });
      this.#clearProblem();
    } catch (error) {
      this.#recordUnreachable(error);
      if (!(error instanceof ContainerNotFoundError)) throw error;
      this.#giveUp();
    }
    await this.close();
  }

  /**
   * Ends the log of a container whose output can no longer be read.
   *
   * @param text The last line of the log: why.
   * @throws The error that keeps the line from being stored.
   */
  async abandon(text: string, signal: AbortSignal = new AbortController().signal): Promise<void> {
    // A read that is under way waits for a host that is gone.
    if (!this.#isComplete) await this.close();
    await this.#turn.run(async () => {
      if (this.#isComplete) return;
      await this.#shipper.shipLast(text, signal);
      this.#isComplete = true;
    });
  }

  /** Stops collecting. The next collector of this container stores the rest. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException("Log collection was ended", "AbortError"));
    this.#detach();
    await this.#done;
  }

  /** Ends the back-pressure: the container is about to be stopped. */
  releaseBackpressure(): void {
    this.#backpressure?.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted && !this.#isComplete;) {
      try {
        await this.#runOnce();
        if (this.#problem !== undefined) this.#log.info("logs are stored again", this.#fields());
        this.#clearProblem();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ContainerNotFoundError) return this.#giveUp();
        this.#recordProblem(error);
        await this.#collection.clock.sleep(backoffMs(++failures, RETRY.log), signal).catch(() => {});
        await this.#countUnstored();
      }
    }
    this.#detach();
  }

  async #runOnce(): Promise<void> {
    const { orchestrator, urgentBytes, clock } = this.#collection;
    const { signal } = this.#closing;
    // A container that has just been started runs: the engine need not be asked.
    const isJustStarted = this.#container.isNew && this.#watchedSince === undefined;
    if (!isJustStarted && !this.#watcher.isOpen) {
      this.#wakeup.clear();
      if (this.#watchedSince !== undefined) await this.#sleep(STATUS_DELAY_MS);
      if (signal.aborted || this.#isComplete) return;
      // Asked before the log is read: a container that has exited prints no more.
      const status = await orchestrator.getStatus(this.#container.containerId, { signal });
      if (!status) return this.#giveUp();
      if (status.phase === "exited") {
        this.markExited(status.createdAt);
        await this.#ship({ isFinal: true });
        return;
      }
    }
    this.#watch();
    await this.#waitForWork();
    if (signal.aborted || !this.#watcher.isOpen) return;
    const isUrgent = this.#isUrgent;
    this.#isUnsure = clock.monotonic() - this.#watchedSince! < this.#intervalMs / 2;
    // The output of a container that prints fast is not read twice: that would slow the engine down.
    if (isUrgent) this.#watcher.close();
    let shipped = await this.#ship({ isFinal: false });
    // The watcher does not report the line that has not ended.
    if (shipped.hasOpenLine) this.#isUnsure = true;
    if (!isUrgent) return;
    while ((shipped.bytes >= urgentBytes || this.#backpressure?.isBusy) && !signal.aborted) {
      const expected = this.#backpressure?.expected ?? 2 * shipped.entries;
      shipped = await this.#ship({ isFinal: false, expected });
    }
    // The next burst may begin at once.
    if (!signal.aborted) this.#watch();
  }

  get #isUrgent(): boolean {
    return this.#watcher.bytes >= this.#collection.urgentBytes || (this.#backpressure?.isBusy ?? false);
  }

  /** Sleeps until the interval is over and something was printed, much was printed, or the log has ended. */
  async #waitForWork(): Promise<void> {
    const { clock } = this.#collection;
    while (!this.#closing.signal.aborted && this.#watcher.isOpen && !this.#isUrgent) {
      if (this.#watcher.entries > 0) this.#hasOutput = true;
      const leftMs = this.#shippedAt + this.#intervalMs - clock.monotonic();
      this.#hasWork = this.#isUnsure || this.#watcher.entries > 0;
      if (this.#hasWork && leftMs <= 0) return;
      await this.#sleep(this.#hasWork ? leftMs : undefined);
    }
  }

  #ship(
    { signal = this.#closing.signal, ...options }: Partial<ShipOptions> & { isFinal: boolean },
  ): Promise<Shipment> {
    const { limit, completeEarlier } = this.#collection;
    if (options.isFinal) this.releaseBackpressure();
    const either = AbortSignal.any([signal, this.#closing.signal]);
    return this.#turn.run(async () => {
      await completeEarlier(this, either);
      return await limit.run(() => this.#shipNow({ ...options, signal: either }), either);
    });
  }

  async #shipNow(options: ShipOptions): Promise<Shipment> {
    if (this.#isComplete) return { bytes: 0, entries: 0, hasOpenLine: false };
    const { entries, bytes } = this.#watcher;
    this.#watcher.reset();
    this.#uncounted.entries += entries;
    this.#uncounted.bytes += bytes;
    this.#shippedAt = this.#collection.clock.monotonic();
    const ship = () => this.#shipper.ship({ expected: expectedEntries(entries), ...options });
    const shipment = await (this.#backpressure?.duringShipment(ship) ?? ship());
    this.#uncounted = { entries: 0, bytes: 0 };
    if (options.isFinal) this.#isComplete = true;
    return shipment;
  }

  /** Counts what cannot be stored for now, before the engine may drop it. */
  async #countUnstored(): Promise<void> {
    const { signal } = this.#closing;
    const entries = this.#uncounted.entries + this.#watcher.entries;
    const bytes = this.#uncounted.bytes + this.#watcher.bytes;
    if (signal.aborted || (this.#watcher.isOpen && bytes < this.#collection.urgentBytes)) return;
    this.#uncounted = { entries: 0, bytes: 0 };
    this.#watcher.reset();
    await this.#shipper.countUnstored(expectedEntries(entries), signal).catch(() => {
      // The next attempt to store reports why the engine does not answer.
    });
  }

  #watch(): void {
    const now = this.#collection.clock.monotonic();
    const isStale = this.#hasOutput && now - this.#watchedSince! > REOPEN_AFTER_MS;
    if (this.#watcher.isOpen && !isStale) return;
    this.#watcher.open();
    this.#watchedSince = now;
    this.#isUnsure = true;
    // Output printed before the watcher opened is not counted.
    this.#uncounted.bytes = Infinity;
  }

  #onOutput(): void {
    if (this.#problem === undefined) {
      this.#backpressure?.attachIfUrgent(spoolBytes(this.#watcher.bytes, this.#watcher.entries));
    }
    // Otherwise it wakes up by itself when the interval is over.
    if (!this.#hasWork || this.#isUrgent || !this.#watcher.isOpen) this.#wakeup.wake();
  }

  #detach(): void {
    this.#watcher.close();
    this.#backpressure?.close();
  }

  #giveUp(): void {
    this.#log.warn("container is gone before all of its output was stored", this.#fields());
    this.#isComplete = true;
  }

  #recordProblem(error: unknown): void {
    const problem = messageOf(error);
    if (this.#problem === undefined) this.#log.warn("logs not stored yet", { ...this.#fields(), problem });
    this.#problem = problem;
    this.#recordUnreachable(error);
    // The counted bytes were not stored, so the next attempt does not wait for more.
    this.#isUnsure = true;
    this.#shippedAt = -Infinity;
  }

  #recordUnreachable(error: unknown): void {
    this.#unreachableSince = error instanceof LogUnreachableError
      ? this.#unreachableSince ?? this.#collection.clock.monotonic()
      : undefined;
  }

  #clearProblem(): void {
    this.#problem = this.#unreachableSince = undefined;
  }

  #fields() {
    const { id, containerId } = this.#container;
    return { id, container: containerId.slice(0, 12) };
  }

  #sleep(ms?: number): Promise<void> {
    return this.#wakeup.sleep({ ms, clock: this.#collection.clock, signal: this.#closing.signal });
  }
}
