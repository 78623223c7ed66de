/**
 * Runs schedules: each slot once.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY, retryDelays } from "../../lib/util/backoff.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import type { Meter } from "../control/meter.ts";
import { watchContainers } from "../control/watch_containers.ts";
import { tick, type TickFailure } from "../control/tick.ts";
import { type OutageListener, OutageLog } from "../control/outage_log.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { BotChange, Refusal, RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import { versionOf } from "../documents/version_of.ts";
import { logRefusal, newFieldsFor, toRefusal } from "../documents/refused_change.ts";
import type { BotEvents } from "../events/bot_events.ts";
import { untilCaughtUp } from "../events/until_caught_up.ts";
import type { AccountBook } from "../leases/account_book.ts";
import { RunPreparer } from "./run_preparer.ts";
import type { RunRecord, RunRepository, RunRetention } from "./run_repository.ts";
import { type RunNowOptions, type RunNowResult, ScheduleReconciler } from "./schedule_reconciler.ts";
import type { ScheduleRepository } from "./schedule_repository.ts";
import { ScheduleResync } from "./schedule_resync.ts";
import { ScheduleState } from "./schedule_state.ts";
import { ScheduledRuns } from "./scheduled_runs.ts";

/** Input of a {@linkcode ScheduleService}. */
export interface ScheduleServiceOptions extends DocumentRules {
  /** The documents. */
  readonly repository: ScheduleRepository;
  /** The ledger. */
  readonly runs: RunRepository;
  /** Reports changed documents. */
  readonly events: BotEvents;
  /** The containers. */
  readonly runner: Runner;
  /** Name of this scheduler, unique among all that share the ledger. */
  readonly instance: string;
  /** Longest time between two checks for due schedules, in ms; at most 60,000. @default 10000 */
  readonly checkIntervalMs?: number;
  /** Maximum number of active runs; others wait. @default 10 */
  readonly maxConcurrentRuns?: number;
  /** How much history each schedule keeps. @default 100 records, 30 days */
  readonly retention?: RunRetention;
  /** Segment to serve. @default ALL_SEGMENTS */
  readonly segment?: number;
  /** Returns why the service must not start runs now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Returns why nothing of a schedule may be started, whatever its document says. @default it may */
  readonly whyHeld?: (scheduleId: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Gives each account to one bot or run at a time. @default runs hold no accounts */
  readonly accounts?: AccountBook;
  /** Removes what a killed predecessor left on the engine. @default the runner's method */
  readonly removeOrphans?: (signal: AbortSignal) => Promise<unknown>;
  /** Takes measurements. @default nothing is measured */
  readonly meter?: Meter;
  /** Called when the database or the engine does not answer, and when they do. @default nobody is */
  readonly onOutage?: OutageListener;
  /** @default the system clock */
  readonly clock?: Clock;
}

const DAY_MS = 86_400_000;
/** Interval of full reads, in ms, which find changes that no event announced. */
export const SCHEDULE_RESYNC_MS = 10 * 60_000;
/** How many documents are handled before other work gets its turn. */
const BATCH_SIZE = 200;
const MAX_DUE_PER_PASS = 1000;
const DRAIN_TIMEOUT_MS = 9000;

/**
 * Level-triggered: events and times only say where to look. Each slot is claimed by a unique insert, so
 * exactly one scheduler runs it, and resumes it after a restart.
 */
export class ScheduleService {
  readonly #options:
    & Required<
      Omit<ScheduleServiceOptions, keyof DocumentRules | "accounts" | "meter" | "onOutage" | "whyHeld">
    >
    & Pick<ScheduleServiceOptions, keyof DocumentRules | "accounts" | "meter" | "onOutage" | "whyHeld">;
  /** The state of the schedules. */
  readonly state: ScheduleState;
  readonly #reconciler: ScheduleReconciler;
  readonly #runs: ScheduledRuns;
  readonly #preparer: RunPreparer;
  readonly #documents: ScheduleResync;
  /** Triggers a check for due schedules. */
  readonly #due = new Wakeup();
  /** Triggers a read of all documents. */
  readonly #resync = new Wakeup();
  /** Triggers a read of the ledger and the engine. */
  readonly #sweep = new Wakeup();
  readonly #passes = new KeyedMutex();
  readonly #log = getLogger(["berth", "schedules"]);
  readonly #outages: OutageLog;
  #opened: Promise<void> | undefined;
  /** Resolves once missed events are applied. Until then the documents may be outdated, so no slot is run. */
  #caughtUp: Promise<void> | undefined;
  #isCaughtUp = true;
  /** Whether leftovers of a killed predecessor are removed. */
  #isSwept = false;
  #isRunning = false;

  constructor(options: ScheduleServiceOptions) {
    this.#options = {
      checkIntervalMs: 10_000,
      maxConcurrentRuns: 10,
      retention: { maxRecords: 100, maxAgeMs: 30 * DAY_MS },
      segment: ALL_SEGMENTS,
      clock: systemClock,
      whyIdle: () => undefined,
      removeOrphans: (signal) => options.runner.removeOrphans({ signal }),
      ...options,
    };
    this.#outages = new OutageLog(this.#log, options.onOutage);
    this.state = new ScheduleState(() => ({ running: this.#runs.running, waiting: this.#runs.waiting }));
    const onChange = (record: RunRecord) => this.state.setRun(record);
    this.#runs = new ScheduledRuns({ ...this.#options, onChange });
    this.#preparer = new RunPreparer(this.#options);
    this.#reconciler = new ScheduleReconciler({
      ...this.#options,
      state: this.state,
      keep: this.#options.retention.maxRecords,
      onClaim: (fresh) => this.#runs.begin(fresh),
      onSkip: (record) => {
        this.state.setRun(record);
        this.#runs.needsTrim(record.scheduleId);
      },
    });
    this.#documents = new ScheduleResync({
      ...this.#options,
      state: this.state,
      reconciler: this.#reconciler,
      onGone: (key) => this.#preparer.forget(key),
    });
  }

  /**
   * Runs until the signal is aborted, then ends all work in progress within 10 s. Active runs continue, and
   * the next service of the same name manages them. Stores, event bus and engine may become available in any
   * order, at any time.
   *
   * @param signal Ends the service.
   * @returns Resolves when everything has ended; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { events, checkIntervalMs, clock } = this.#options;
    events.subscribe({
      onChange: async (change) => void await this.apply(change, { signal }),
      onMalformed: (subject, problem) => this.#log.warn("event not understood", { subject, problem }),
      // A gap before the first full read is in what that reads.
      onGap: () => this.#isCaughtUp && this.#resync.wake(),
    });
    this.#isRunning = true;
    signal.addEventListener("abort", () => this.#isRunning = false, { once: true });
    this.#isCaughtUp = false;
    this.#caughtUp = untilCaughtUp({ events, what: "schedules", clock, signal }).then(() => {
      this.#isCaughtUp = true;
    });
    const onError = ({ name, error }: TickFailure) => this.#outages.report(name, error);
    const every = { signal, clock, backoffSchedule: retryDelays(RETRY.scheduleResync), onError };
    await Promise.all([
      this.#keepTime(signal),
      tick("sweep", checkIntervalMs, { ...every, wakeup: this.#sweep }, (signal) => this.#readRuns(signal)),
      tick(
        "resync",
        SCHEDULE_RESYNC_MS,
        { ...every, wakeup: this.#resync },
        (signal) => this.#readAll(signal),
      ),
      watchContainers({
        ...this.#options,
        log: this.#log,
        signal,
        onEvent: ({ id, kind }) => kind === "run" && this.#runs.wake(id),
        // The tick makes the first sweep.
        onOpen: () => this.#isSwept && this.#sweep.wake(),
      }),
    ]);
    await events[Symbol.asyncDispose]();
    await this.#runs.drain(AbortSignal.timeout(DRAIN_TIMEOUT_MS));
    await this.#preparer.close();
  }

  /**
   * Runs a schedule now if its policy allows, even a disabled one.
   *
   * @param id Id of the schedule.
   * @param options The caller, and a signal that aborts the call.
   * @returns The run's record, or why there is none.
   * @throws {StoreUnavailableError} If documents or ledger do not answer.
   */
  async runNow(id: string, options?: RunNowOptions): Promise<RunNowResult> {
    const why = this.#isRunning ? this.#options.whyIdle() : "the right to serve";
    if (why !== undefined) {
      return {
        code: "not-serving",
        problem: `This service does not run schedules now: it waits for ${why}.`,
      };
    }
    // One at a time, so that the second of two sees the first.
    return await this.#passes.run(id, () => this.#reconciler.runNow(id, options));
  }

  /**
   * Checks a schedule now, for example because a call has changed its document.
   *
   * @param id Id of the schedule.
   * @param signal Aborts the check.
   */
  async check(id: string, signal: AbortSignal): Promise<void> {
    this.#preparer.forget(id);
    await this.#passes.run(id, async () => {
      const stored = await this.#options.repository.find(id, { signal });
      if (stored) await this.#reconciler.reconcile([stored], signal);
      else this.#reconciler.forget(id);
      // The change may cause a claimed run that has not started to be skipped.
      this.#runs.wake(id);
    });
    this.#due.wake();
  }

  /** Sleeps until a schedule is due and handles it; survives every failure. */
  async #keepTime(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    // Not within the call of run().
    await Promise.resolve();
    for (let failures = 0; !signal.aborted;) {
      let ms: number;
      try {
        ms = await this.#runDue(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#outages.report("due", error);
        ms = backoffMs(++failures, RETRY.store);
      }
      await this.#due.sleep({ ms, clock, signal });
    }
  }

  /**
   * Tries the failed start of a run again now: the cause may be over.
   *
   * @param id Id of the run.
   */
  retryRun(id: string): void {
    this.#runs.retry(id);
  }

  /** Reads all schedules again, because a calendar that some of them follow has changed. */
  calendarsChanged(): void {
    this.#documents.forgetChecks();
    this.#resync.wake();
  }

  /** Returns how long to sleep, in ms. */
  async #runDue(signal: AbortSignal): Promise<number> {
    const { repository, clock, checkIntervalMs } = this.#options;
    await this.#open(signal);
    await this.#caughtUp;
    const now = Math.floor(clock.now() / 1000);
    for (let limit = MAX_DUE_PER_PASS;;) {
      const due = await repository.due(now, limit, { signal });
      let advanced = 0;
      for (let at = 0; at < due.length; at += BATCH_SIZE) {
        advanced += await this.#reconciler.reconcile(due.slice(at, at + BATCH_SIZE), signal);
      }
      if (due.length < limit) break;
      // Schedules of other segments stay due here, so read past them.
      if (advanced === 0) limit *= 10;
    }
    const next = await repository.nextDueAfter(now, { signal });
    this.#outages.report("due");
    // Not awaited: nothing depends on it.
    void this.#preparer.prepareNext(next, signal);
    return Math.max(0, Math.min(checkIntervalMs, (next ?? Infinity) * 1000 - clock.now()));
  }

  async #readRuns(signal: AbortSignal): Promise<void> {
    await this.#open(signal);
    if (!this.#isSwept) {
      await this.#options.removeOrphans(signal);
      await this.#runs.loadAccounts(signal);
    }
    this.#isSwept = true;
    await this.#caughtUp;
    await this.#runs.sweep(signal);
    this.#outages.report("sweep");
  }

  /** Reads all documents, and removes runs that are past their retention. */
  async #readAll(signal: AbortSignal): Promise<void> {
    await this.#open(signal);
    await this.#caughtUp;
    await this.#documents.read(signal);
    this.#due.wake();
    await this.#runs.expire(signal);
    this.#outages.report("resync");
  }

  /**
   * Writes a change of a schedule's document, and acts on it at once.
   *
   * @param change The change.
   * @param options A signal that aborts the write.
   * @returns Why the change was not applied; `undefined` if it was.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async apply(
    change: BotChange,
    { signal = new AbortController().signal }: RepositoryCallOptions = {},
  ): Promise<Refusal | undefined> {
    const { repository, segment, clock, meter } = this.#options;
    await this.#open(signal);
    const { refusal, positionSaved } = await repository
      .write(change, { signal, newFields: newFieldsFor(segment) })
      .catch(toRefusal);
    if (refusal) logRefusal(this.#log, change, refusal);
    else {
      const version = change.type === "deleted" ? undefined : versionOf(change.document);
      this.state.reportChange({
        id: change.id,
        change: change.type,
        ...(version !== undefined && { version }),
      });
    }
    await positionSaved;
    const { publishedAt, isHistory } = change.order;
    if (publishedAt !== undefined && !isHistory) {
      meter?.eventStored("schedules", Math.max(0, clock.now() - publishedAt));
    }
    // Until then, the catch-up covers the change.
    if (this.#isCaughtUp) await this.check(change.id, signal);
    return refusal;
  }

  /** Prepares the stores once they answer. */
  #open(signal: AbortSignal): Promise<void> {
    const { repository, runs } = this.#options;
    const opening = this.#opened ?? (async () => {
      await repository.open({ signal });
      await runs.open({ signal });
    })();
    this.#opened = opening;
    opening.catch(() => this.#opened = undefined);
    return opening;
  }
}
