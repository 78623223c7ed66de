/**
 * Runs schedules: each slot once.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { messageOf } from "../../lib/errors.ts";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY, retryDelays } from "../../lib/util/backoff.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { watchContainers } from "../control/watch_containers.ts";
import { tick, type TickFailure } from "../control/tick.ts";
import { OutageLog } from "../control/outage_log.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import type { BotChange, StoredBot } from "../documents/bot_repository.ts";
import { logRefusal, newFieldsFor, toRefusal } from "../documents/refused_change.ts";
import type { BotEvents } from "../events/bot_events.ts";
import { untilCaughtUp } from "../events/until_caught_up.ts";
import { RunPreparer } from "./run_preparer.ts";
import type { RunRecord, RunRepository, RunRetention } from "./run_repository.ts";
import { type RunNowResult, ScheduleReconciler } from "./schedule_reconciler.ts";
import { readExecutionTime, type ScheduleRepository } from "./schedule_repository.ts";
import { ScheduleState } from "./schedule_state.ts";
import { ScheduledRuns } from "./scheduled_runs.ts";

/** What a {@linkcode ScheduleService} is made of. */
export interface ScheduleServiceOptions {
  /** The documents. */
  readonly repository: ScheduleRepository;
  /** The ledger. */
  readonly runs: RunRepository;
  /** What tells of changed documents. */
  readonly events: BotEvents;
  /** The containers. */
  readonly runner: Runner;
  /** The name of this scheduler; of all that share a ledger, no other may have it. */
  readonly instance: string;
  /** The longest time between two looks at what is due, in ms; at most 60,000. @default 10000 */
  readonly checkIntervalMs?: number;
  /** How many runs go at once; the others wait. @default 10 */
  readonly maxConcurrentRuns?: number;
  /** How much history is kept of each schedule. @default 100 records, 30 days */
  readonly retention?: RunRetention;
  /** Segment that is served. @default ALL_SEGMENTS */
  readonly segment?: number;
  /** Why the service must not start a run at this moment; `undefined` when it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Removes what a killed predecessor left on the engine. @default the runner's */
  readonly removeOrphans?: (signal: AbortSignal) => Promise<unknown>;
  /** @default the machine's */
  readonly clock?: Clock;
}

const DAY_MS = 86_400_000;
/** All documents are read so often, in ms, for changes that no event told. */
export const SCHEDULE_RESYNC_MS = 10 * 60_000;
/** Documents that are handled before other work gets its turn. */
const BATCH_SIZE = 200;
const MAX_DUE_PER_PASS = 1000;
const DRAIN_TIMEOUT_MS = 9000;

/**
 * Level-triggered: an event, a hint and the time only say where to look. A slot is claimed by an insert that one of all
 * schedulers makes; whoever claimed it runs it, also after its own death and return.
 */
export class ScheduleService {
  readonly #options: Required<ScheduleServiceOptions>;
  /** What the service knows of its schedules. */
  readonly state: ScheduleState;
  readonly #reconciler: ScheduleReconciler;
  readonly #runs: ScheduledRuns;
  readonly #preparer: RunPreparer;
  /** Has what is due looked at. */
  readonly #due = new Wakeup();
  /** Has all documents read. */
  readonly #resync = new Wakeup();
  /** Has ledger and engine read. */
  readonly #sweep = new Wakeup();
  readonly #passes = new KeyedMutex();
  readonly #log = getLogger(["berth", "schedules"]);
  /** Of each document that was looked at, what it was. */
  readonly #seen = new Map<string, string>();
  readonly #outages = new OutageLog(this.#log);
  #opened: Promise<void> | undefined;
  /** The documents may be older than events that wait to be read: nothing is run before those are written. */
  #caughtUp: Promise<void> | undefined;
  #isCaughtUp = true;
  /** Whether what a killed predecessor left has been removed. */
  #isSwept = false;

  /** Makes one; nothing is read or dialled before {@linkcode run}. */
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
  }

  /**
   * Runs until the signal is given; then ends what is under way, within 10 s. Runs go on, and the next service of the
   * same name looks after them. Stores, event bus and engine may come up in any order, at any time.
   *
   * @param signal Ends the service.
   * @returns Resolves when everything has ended; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { events, checkIntervalMs, clock } = this.#options;
    events.subscribe({
      onChange: (change) => this.#apply(change, signal),
      onMalformed: (subject, problem) => this.#log.warn("event not understood", { subject, problem }),
      onGap: () => this.#resync.wake(),
    });
    this.#isCaughtUp = false;
    this.#caughtUp = untilCaughtUp({ events, what: "schedules", clock, signal }).then(() => {
      this.#isCaughtUp = true;
    });
    const onError = ({ name, error }: TickFailure) => this.#outages.report(name, messageOf(error));
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
        // The first sweep is the tick's.
        onOpen: () => this.#isSwept && this.#sweep.wake(),
      }),
    ]);
    await events[Symbol.asyncDispose]();
    await this.#runs.drain(AbortSignal.timeout(DRAIN_TIMEOUT_MS));
  }

  /**
   * Runs a schedule now, as its policy allows. One that is disabled can be run so.
   *
   * @param id Id of the schedule.
   * @param options With a signal that gives up.
   * @returns Its record, which may say that it was skipped; or why there is none.
   * @throws {StoreUnavailableError} If documents or ledger do not answer.
   */
  runNow(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<RunNowResult> {
    return this.#reconciler.runNow(id, signal ?? new AbortController().signal);
  }

  /**
   * Has a schedule looked at now, for example because its document was changed by a call.
   *
   * @param id Id of the schedule.
   */
  async check(id: string, signal: AbortSignal): Promise<void> {
    await this.#passes.run(id, async () => {
      const stored = await this.#options.repository.find(id, { signal });
      if (stored) await this.#reconciler.reconcile([stored], signal);
      else this.#reconciler.forget(id);
      // One that was claimed and not started yet may be one to be skipped now.
      this.#runs.wake(id);
    });
    this.#due.wake();
  }

  /** Sleeps until something is due, and does it; whatever happens, it goes on. */
  async #keepTime(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    // Not inside the call of run().
    await Promise.resolve();
    for (let failures = 0; !signal.aborted;) {
      let ms: number;
      try {
        ms = await this.#runDue(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#outages.report("due", messageOf(error));
        ms = backoffMs(++failures, RETRY.store);
      }
      await this.#due.sleep({ ms, clock, signal });
    }
  }

  /** @returns How long to sleep, in ms. */
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
      // Those of other segments stay due here: look past them.
      if (advanced === 0) limit *= 10;
    }
    const next = await repository.nextDueAfter(now, { signal });
    this.#outages.report("due");
    // Beside all else: nothing waits for it.
    void this.#preparer.prepareNext(next, signal);
    return Math.max(0, Math.min(checkIntervalMs, (next ?? Infinity) * 1000 - clock.now()));
  }

  async #readRuns(signal: AbortSignal): Promise<void> {
    await this.#open(signal);
    if (!this.#isSwept) await this.#options.removeOrphans(signal);
    this.#isSwept = true;
    await this.#caughtUp;
    await this.#runs.sweep(signal);
    this.#outages.report("sweep");
  }

  /** Reads all documents, and looks at those that have changed. Others, and those that are due, are in the index. */
  async #readAll(signal: AbortSignal): Promise<void> {
    await this.#open(signal);
    await this.#caughtUp;
    const documents = await this.#options.repository.list({ signal });
    const changed = documents.filter((stored) => this.#seen.get(stored.key) !== fingerprint(stored));
    const now = this.#options.clock.now() / 1000;
    for (let at = 0; at < changed.length; at += BATCH_SIZE) {
      const batch = changed.slice(at, at + BATCH_SIZE);
      const later = batch.map(withTime).filter(({ nextExecutionTime }) => (nextExecutionTime ?? 0) > now);
      await this.#reconciler.reconcile(later, signal);
      for (const stored of batch) this.#seen.set(stored.key, fingerprint(stored));
      await setImmediate();
    }
    const keys = new Set(documents.map(({ key }) => key));
    for (const id of this.state.ids()) if (!keys.has(id)) this.#reconciler.forget(id);
    for (const key of this.#seen.keys()) if (!keys.has(key)) this.#forget(key);
    this.#due.wake();
    await this.#runs.expire(signal);
    this.#outages.report("resync");
  }

  #forget(key: string): void {
    this.#seen.delete(key);
    this.#preparer.forget(key);
  }

  async #apply(change: BotChange, signal: AbortSignal): Promise<void> {
    const { repository, segment } = this.#options;
    await this.#open(signal);
    const { refusal, positionSaved } = await repository
      .write(change, { signal, newFields: newFieldsFor(segment) })
      .catch(toRefusal);
    if (refusal) logRefusal(this.#log, change, refusal);
    await positionSaved;
    // What comes before that is looked at with all the others.
    if (this.#isCaughtUp) await this.check(change.id, signal);
  }

  /** Prepares the stores, once they answer. */
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

/** What a document says, whatever its time is. */
function fingerprint({ document }: StoredBot): string {
  const { next_execution_time: _time, ...rest } = document;
  const text = JSON.stringify(rest, (_key, value) => typeof value === "bigint" ? `${value}n` : value);
  return createHash("md5").update(text).digest("base64");
}

function withTime({ key, document }: StoredBot) {
  const nextExecutionTime = readExecutionTime(document.next_execution_time);
  return { key, document, ...(nextExecutionTime !== undefined && { nextExecutionTime }) };
}
