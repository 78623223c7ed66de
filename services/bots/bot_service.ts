/**
 * Keeps those bots running whose documents say that they should.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../../lib/errors.ts";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import { RETRY, retryDelays } from "../../lib/util/backoff.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { allSettledOrThrow } from "../../lib/util/promises.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { Meter } from "../control/meter.ts";
import { watchContainers } from "../control/watch_containers.ts";
import { tick } from "../control/tick.ts";
import { type OutageListener, OutageLog } from "../control/outage_log.ts";
import { WorkQueue } from "../control/work_queue.ts";
import {
  type BotChange,
  type BotRepository,
  type Refusal,
  type RepositoryCallOptions,
  StoreUnavailableError,
} from "../documents/bot_repository.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import type { BotEvents } from "../events/bot_events.ts";
import { untilCaughtUp } from "../events/until_caught_up.ts";
import { ServingRightLostError } from "../ownership/serving_right.ts";
import { Bookkeeping } from "./bookkeeping.ts";
import { BotReconciler } from "./bot_reconciler.ts";
import { BotTable } from "./bot_table.ts";
import { DocumentChanges } from "./document_changes.ts";
import { FirstRead } from "./first_read.ts";
import { FullRead } from "./full_read.ts";
import { MassStopGuard } from "./mass_stop_guard.ts";
import type { AccountBook } from "../leases/account_book.ts";
import type { RunGate } from "./run_gate.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { RunWatcher } from "./run_watcher.ts";
import type { RunHealth } from "./run_health.ts";
import { ServiceState } from "./service_state.ts";
import { WatchedRuns } from "./watched_runs.ts";

/** Dependencies of {@linkcode BotService}. */
export interface BotServiceOptions extends DocumentRules {
  /** The documents. */
  readonly repository: BotRepository;
  /** The events that report changed documents. */
  readonly events: BotEvents;
  /** The containers. */
  readonly runner: Runner;
  /** Time between two full resyncs in ms. @default {30000} */
  readonly reconcileIntervalMs?: number;
  /** Segment to serve. @default {ALL_SEGMENTS} */
  readonly segment?: number;
  /** Whether bots keep running when the service stops. @default {"keep"} */
  readonly botsOnShutdown?: "keep" | "stop";
  /** Whether missing documents may stop any number of bots at once. @default false */
  readonly allowMassStop?: boolean;
  /** Whether the document store was created recently. @default {it was not} */
  readonly isNewStore?: () => boolean;
  /** Why the service must not touch containers now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Whether a bot may run: asked before anything starts it. @default {each may} */
  readonly gate?: RunGate;
  /** Gives each account to one bot at a time. @default {bots hold no accounts} */
  readonly accounts?: AccountBook;
  /** Look after bots while they run. @default {none} */
  readonly watchers?: readonly RunWatcher[];
  /** Settings of a bot from an earlier process, for a document that cannot be read now. @default nothing */
  readonly lastSettings?: (id: string) => BotSettings | undefined;
  /** Removes what a killed predecessor left on the engine. @default the runner's */
  readonly removeOrphans?: (signal: AbortSignal) => Promise<unknown>;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: Meter;
  /** Called when the database or the engine does not answer, and when they do. @default {nothing is called} */
  readonly onOutage?: OutageListener;
  /** The clock. @default {the machine's} */
  readonly clock?: Clock;
}

type WithoutDefault = keyof DocumentRules | "gate" | "accounts" | "meter" | "onOutage" | "lastSettings";

/** Maximum number of passes at once: they mostly wait for bots to stop, and the runner limits starts. */
const MAX_CONCURRENT_PASSES = 256;
/** How long passes may go on after the signal, in ms. */
const DRAIN_TIMEOUT_MS = 9000;

/**
 * Runs the bots. Level-triggered: an event, a tick or a hint of the engine only marks a bot's key. One worker at a time
 * handles a key; a full read finds whatever was missed. A store that cannot be read stops nothing.
 */
export class BotService {
  readonly #options:
    & Required<Omit<BotServiceOptions, WithoutDefault>>
    & Pick<BotServiceOptions, WithoutDefault>;
  /** The status of the bots, and metrics. */
  readonly state: ServiceState;
  readonly #reconciler: BotReconciler;
  readonly #guard: MassStopGuard;
  readonly #queue: WorkQueue;
  readonly #bookkeeping: Bookkeeping;
  readonly #firstRead: FirstRead;
  readonly #fullRead: FullRead;
  readonly #changes: DocumentChanges;
  readonly #runs: WatchedRuns;
  readonly #bots = new BotTable();
  /** Starts a full read. */
  readonly #resync = new Wakeup();
  #isOutageKnown = false;
  /** Ends the service. */
  #signal: AbortSignal | undefined;
  readonly #log = getLogger(["berth", "bots"]);
  readonly #outages: OutageLog;
  /** Resolves once events published while Berth was down are stored: until then documents may be outdated. */
  #caughtUp: Promise<void> | undefined;
  /** Whether the first full read has begun. */
  #hasBegunRead = false;

  constructor(options: BotServiceOptions) {
    this.#options = {
      reconcileIntervalMs: 30_000,
      segment: ALL_SEGMENTS,
      botsOnShutdown: "keep",
      allowMassStop: false,
      isNewStore: () => false,
      whyIdle: () => undefined,
      watchers: [],
      clock: systemClock,
      removeOrphans: (signal) => options.runner.removeOrphans({ signal }),
      ...options,
    };
    this.#outages = new OutageLog(this.#log, options.onOutage);
    const { clock, allowMassStop, isNewStore, reconcileIntervalMs } = this.#options;
    const bots = this.#bots;
    this.state = new ServiceState({ bots, clock, queueDepth: () => this.#queue.depth });
    // Reads that gaps in the events cause follow each other closely, and would agree on the same mistake.
    const apartMs = reconcileIntervalMs / 2;
    this.#guard = new MassStopGuard({ bots, allowMassStop, isNewStore, clock, apartMs });
    this.#runs = new WatchedRuns(this.#options);
    this.#reconciler = new BotReconciler({
      ...this.#options,
      runs: this.#runs,
      bots,
      state: this.state,
      whyHeld: (id) => this.#guard.whyHeld(id),
    });
    this.#queue = new WorkQueue({
      handle: (id, signal) => this.#reconciler.reconcile(id, signal),
      onError: ({ key, error, retryInMs }) => {
        this.#log.warn("pass over a bot failed", { id: key, problem: messageOf(error), retryInMs });
        void this.#noticeOutage(error);
      },
      concurrency: MAX_CONCURRENT_PASSES,
      ...(options.meter && { meter: options.meter.queue("bots") }),
      clock,
    });
    this.#bookkeeping = new Bookkeeping(this.#queue, clock);
    this.#firstRead = new FirstRead(this.#options);
    this.#changes = new DocumentChanges({
      ...this.#options,
      bots,
      state: this.state,
      guard: this.#guard,
      enqueue: (id) => this.#enqueue(id),
      log: this.#log,
    });
    this.#fullRead = new FullRead({
      ...this.#options,
      bots,
      state: this.state,
      reconciler: this.#reconciler,
      guard: this.#guard,
      enqueue: (id) => this.#queue.add(id),
      enqueueAfter: (id, ms) => this.#queue.addAfter(id, ms),
      log: this.#log,
    });
  }

  /**
   * Runs until the signal is aborted, then ends the passes under way within 10 s. Stores, event bus and engine may
   * come up in any order, at any time.
   *
   * @param signal Ends the service.
   * @returns Resolves when everything has ended; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { events, reconcileIntervalMs, clock } = this.#options;
    this.#signal = signal;
    events.subscribe({
      onChange: (change) =>
        this.apply(change, { signal }).then(() => {}, (error) => {
          void this.#noticeOutage(error);
          throw error;
        }),
      onMalformed: (subject, problem) => this.#log.warn("event not understood", { subject, problem }),
      onGap: () => this.#readAgain(),
    });
    this.#caughtUp = untilCaughtUp({ events, what: "bots", clock, signal });
    await Promise.all([
      tick("resync", reconcileIntervalMs, {
        signal,
        clock,
        wakeup: this.#resync,
        backoffSchedule: retryDelays(RETRY.resync),
        onError: ({ error }) => this.#outages.report("resync", error),
      }, (signal) => this.#readAll(signal)),
      watchContainers({
        ...this.#options,
        log: this.#log,
        signal,
        onEvent: ({ id, kind, containerId = "" }) => {
          if (kind !== "bot" || this.#bots.hasEnded(containerId)) return;
          this.#bots.containersChanged(id);
          this.#enqueue(id);
        },
        onOpen: () => {
          this.#firstRead.watchOpened();
          this.#readAgain();
        },
      }),
    ]);
    // One limit for everything under way, so that the service ends in time whatever hangs.
    const deadline = AbortSignal.timeout(DRAIN_TIMEOUT_MS);
    await events[Symbol.asyncDispose]();
    await this.#queue.drain({ signal: deadline });
    await this.#bookkeeping.drain(deadline);
    await this.#runs[Symbol.asyncDispose]();
    // This service must not stop bots that another service has taken over.
    const isLost = signal.reason instanceof ServingRightLostError;
    if (this.#options.botsOnShutdown === "stop" && !isLost) await this.#stopAll();
  }

  /** Makes a pass over a bot now, for example because a call changed its document. */
  wake(id: string): void {
    this.#bots.documentChanged(id);
    this.#enqueue(id);
  }

  /**
   * Stops the container of a bot, and starts a new one. If the bot waits for its next start, the start comes now. Does
   * nothing if the bot's document does not ask for a run when its turn comes.
   *
   * @returns Whether this service knows the bot.
   */
  restart(id: string): boolean {
    const status = this.#bots.get(id)?.status;
    if (!status) return false;
    const { containerId } = status;
    this.#bots.clear(id, "failedStart");
    this.#bots.update(id, { restart: containerId === undefined ? {} : { containerId } });
    this.wake(id);
    return true;
  }

  /** Tries a failed start again now: the cause may be over. */
  retry(id: string): void {
    this.#bots.clear(id, "failedStart");
    this.wake(id);
  }

  /**
   * Does work that nothing waits for, such as notes in the database, once few bots are being started or stopped: after
   * at most 10 s, and before {@linkcode run} ends.
   *
   * @param work Never rejects.
   */
  bookkeep(work: () => Promise<void>): void {
    this.#bookkeeping.add(work);
  }

  /** Returns what the watchdog knows about a bot. */
  healthOf(id: string): RunHealth | undefined {
    return this.#bots.get(id)?.health;
  }

  /**
   * Takes what the watchdog knows about a bot, and acts on it.
   *
   * @param health The health of one of its containers; `undefined` if the bot is no longer watched.
   */
  setHealth(id: string, health: RunHealth | undefined): void {
    const { health: before, status } = this.#bots.get(id) ?? {};
    if (!status) return;
    if (health) this.#bots.update(id, { health });
    else this.#bots.clear(id, "health");
    if (!isSameButForText(before, health)) return this.#enqueue(id);
    const { statusText: _before, ...rest } = status;
    const statusText = health?.statusText;
    this.state.setRunningBot({ ...rest, ...(statusText !== undefined && { statusText }) });
  }

  /** Restarts the watch over every run, because a watcher looks for something else. */
  reviewWatches(): void {
    this.#runs.review();
    // A full read also asks for the runs that nobody has watched.
    this.#readAgain();
  }

  /** Why the service cannot look after its bots now, or not after all of them; `undefined` if it can. */
  get trouble(): string | undefined {
    const waitsFor = this.#options.whyIdle();
    return waitsFor === undefined ? this.#outages.waitsFor : `it waits for ${waitsFor}`;
  }

  /** Adds a bot to the queue. Before the first full read there is no need: that read covers every bot. */
  #enqueue(id: string): void {
    if (this.#hasBegunRead) this.#queue.add(id);
  }

  /** Makes another full read. One that has not begun yet finds what has changed. */
  #readAgain(): void {
    if (this.#hasBegunRead) this.#resync.wake();
  }

  /**
   * Writes a change of a bot's document, and acts on it at once.
   *
   * @param change The change.
   * @param options A signal that aborts the write.
   * @returns Why the change was not applied; `undefined` if it was.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async apply(change: BotChange, options: RepositoryCallOptions = {}): Promise<Refusal | undefined> {
    return await this.#changes.apply(change, options);
  }

  /** Starts a full read when the database is back: others may have changed it during the outage. */
  async #noticeOutage(error: unknown): Promise<void> {
    const signal = this.#signal;
    if (!(error instanceof StoreUnavailableError) || this.#isOutageKnown || !signal) return;
    this.#isOutageKnown = true;
    if (!this.#outages.isWaiting("resync")) this.#outages.report("resync", error);
    // Without the pause, a database that refuses a single bot would be read over and over.
    await this.#options.clock.sleep(RETRY.outage.minMs, signal).catch(() => {});
    this.#isOutageKnown = false;
    this.#resync.wake();
  }

  /** Makes a full read. */
  async #readAll(signal: AbortSignal): Promise<void> {
    await allSettledOrThrow([this.#options.repository.open({ signal }), this.#firstRead.prepare(signal)]);
    await this.#caughtUp;
    this.#hasBegunRead = true;
    await this.#fullRead.read(() => this.#outages.report("resync"), signal);
    for (const id of this.#firstRead.takeHolders()) this.#queue.add(id);
  }

  async #stopAll(): Promise<void> {
    const { runner, segment } = this.#options;
    const containers = await runner.listManagedContainers(segment, { kind: "bot" });
    const own = containers.filter(({ isForeign }) => !isForeign);
    await Promise.allSettled(own.map(async (bot) => {
      const { how, exitCode } = await runner.stopContainer(bot, { tail: 0, reason: "shutdown" });
      this.#log.info("bot stopped", { id: bot.id, reason: "shutdown", how, exitCode });
    }));
  }
}

/** A changed status text needs no pass. */
function isSameButForText(one: RunHealth | undefined, other: RunHealth | undefined): boolean {
  return isDeepStrictEqual({ ...one, statusText: undefined }, { ...other, statusText: undefined });
}
