/**
 * Manages the runs of one scheduler from claim to closed record.
 *
 * @module
 */

import type { DocumentRules } from "../documents/bot_document.ts";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { ALL_SEGMENTS, type ManagedContainer, type Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Meter } from "../control/meter.ts";
import { WorkQueue } from "../control/work_queue.ts";
import type { AccountBook } from "../leases/account_book.ts";
import { ForeignContainers } from "../ownership/foreign_containers.ts";
import { runLease, runOf } from "./run_names.ts";
import type { FreshRun } from "./run_pass.ts";
import { RunPermits } from "./run_permits.ts";
import { RunReconciler } from "./run_reconciler.ts";
import { isOpenRun, type RunRecord, type RunRepository, type RunRetention } from "./run_repository.ts";
import { HEARTBEAT_INTERVAL_MS, isOrphaned, whyOrphaned } from "./orphaned_run.ts";
import type { ScheduleRepository } from "./schedule_repository.ts";

/** Input of {@linkcode ScheduledRuns}. */
export interface ScheduledRunsOptions extends DocumentRules {
  /** The ledger. */
  readonly runs: RunRepository;
  /** The documents. */
  readonly repository: Pick<ScheduleRepository, "get">;
  /** The containers. */
  readonly runner: Runner;
  /** Name of this scheduler, unique among all that share the ledger. */
  readonly instance: string;
  /** Maximum number of active runs. */
  readonly maxConcurrentRuns: number;
  /** How much history each schedule keeps. */
  readonly retention: RunRetention;
  /** Takes measurements. @default nothing is measured */
  readonly meter?: Meter;
  /** The clock. */
  readonly clock: Clock;
  /** Returns why the service must not start runs now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Returns why nothing of a schedule may be started, whatever its document says. @default it may */
  readonly whyHeld?: (scheduleId: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Gives each account to one bot or run at a time. @default {runs hold no accounts} */
  readonly accounts?: AccountBook;
  /** Called with each changed record, in its new form. */
  readonly onChange: (record: RunRecord) => void;
}

/** Number of workers: they mostly wait for runs to stop, and permits limit the starts. */
const MAX_WORKERS = 256;

/** Manages every open run that the ledger lists under this scheduler's name. */
export class ScheduledRuns {
  readonly #options: ScheduledRunsOptions;
  readonly #permits: RunPermits;
  readonly #reconciler: RunReconciler;
  readonly #queue: WorkQueue;
  readonly #fresh = new Map<string, FreshRun>();
  /** Open runs of this scheduler, with their schedules. */
  readonly #open = new Map<string, string>();
  /** Schedules whose history may exceed its limits. */
  readonly #toTrim = new Set<string>();
  readonly #log = getLogger(["berth", "schedules"]);
  readonly #foreign = new ForeignContainers(this.#log);
  /** Runs that held accounts when this process began, until a sweep has looked for the containers of each. */
  #holders: readonly string[] = [];
  #touchedAt = -Infinity;

  constructor(options: ScheduledRunsOptions) {
    const { clock, maxConcurrentRuns } = options;
    this.#options = options;
    this.#permits = new RunPermits(maxConcurrentRuns);
    this.#reconciler = new RunReconciler({
      ...options,
      permits: this.#permits,
      onChange: (record) => this.#changed(record),
      onGone: (id) => this.#open.delete(id),
      onTurn: (id) => this.#queue.add(id),
    });
    this.#queue = new WorkQueue({
      handle: (id, signal) => this.#handle(id, signal),
      onError: ({ key, error, retryInMs }) =>
        this.#log.warn("pass over a run failed", { id: key, problem: messageOf(error), retryInMs }),
      concurrency: MAX_WORKERS,
      ...(options.meter && { meter: options.meter.queue("schedules") }),
      clock,
    });
  }

  /** Number of active runs. */
  get running(): number {
    return this.#permits.held;
  }

  /** Number of runs that wait for others to end. */
  get waiting(): number {
    return this.#permits.waiting;
  }

  /** Manages a run that was claimed just now. @param fresh Its record and its schedule. */
  begin(fresh: FreshRun): void {
    const { id, scheduleId } = fresh.record;
    this.#fresh.set(id, fresh);
    this.#open.set(id, scheduleId);
    this.#options.onChange(fresh.record);
    this.#queue.add(id);
  }

  /** Marks a schedule whose history has grown. @param scheduleId The schedule. */
  needsTrim(scheduleId: string): void {
    this.#toTrim.add(scheduleId);
  }

  /** Queues the open runs of a schedule. @param scheduleId The schedule. */
  wake(scheduleId: string): void {
    for (const [id, owner] of this.#open) if (owner === scheduleId) this.#queue.add(id);
  }

  /** Tries the failed start of a run again now. @param id Id of the run. */
  retry(id: string): void {
    if (!this.#open.has(id)) return;
    this.#reconciler.retry(id);
    this.#queue.add(id);
  }

  /**
   * Reads which accounts runs hold, so that a sweep releases those that a killed process has left. Call it before the
   * first sweep.
   *
   * @param signal Aborts it.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async loadAccounts(signal: AbortSignal): Promise<void> {
    this.#holders = await this.#options.accounts?.load("run", { signal }) ?? [];
  }

  /**
   * Reads the ledger and the engine, and takes up every run that nobody manages: after a start, and whenever
   * something was missed.
   *
   * @param signal Aborts the sweep.
   * @throws {BerthError} If the ledger or the engine does not answer.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    const { runs, runner, instance, clock } = this.#options;
    // The heartbeat comes before any read: from now on, other schedulers see that this one is there.
    await this.#touch(signal);
    const containers = await runner.superviseContainers(ALL_SEGMENTS, { kind: "run", signal });
    const open = await runs.listOpen({ signal });
    const byRun = new Map<string, ManagedContainer[]>();
    for (const container of this.#foreign.leaveOut(containers)) {
      const run = runOf(container);
      if (run) byRun.set(run.id, [...byRun.get(run.id) ?? [], container]);
      else this.#log.warn("container of no run is left alone", { container: container.containerName });
    }
    const there = new Set(byRun.keys());
    for (const record of open) {
      if (isOrphaned(record, instance, clock.now())) await this.#closeOrphaned(record, signal);
      else if (record.instance === instance && this.#isWork(record, byRun.get(record.id) ?? [], open)) {
        this.#takeUp(record);
      }
      byRun.delete(record.id);
    }
    for (const [id, [container]] of byRun) await this.#takeUpContainer(id, container!, signal);
    await this.#releaseAccounts(there, signal);
    await this.#trim(signal);
  }

  /**
   * Removes records that are too old, also of schedules without new runs.
   *
   * @param signal Aborts the call.
   * @throws {StoreUnavailableError} If the ledger does not answer.
   */
  async expire(signal: AbortSignal): Promise<void> {
    const { runs, retention: { maxAgeMs }, clock } = this.#options;
    if (maxAgeMs < Infinity) await runs.expire(new Date(clock.now() - maxAgeMs), { signal });
  }

  /**
   * Starts no more work, and waits for work in progress. Active runs continue.
   *
   * @param signal Aborts work in progress.
   */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#queue.drain({ signal });
  }

  /** Whether a run changed in a way that no event or timer reports. */
  #isWork(record: RunRecord, containers: readonly ManagedContainer[], open: readonly RunRecord[]): boolean {
    if (!this.#open.has(record.id)) return true;
    const goes = containers.some(({ phase }) => phase === "running");
    if (record.state === "running") {
      return !goes || open.some((other) => other.scheduleId === record.scheduleId && other.id !== record.id);
    }
    return containers.length > 0;
  }

  /** Releases the accounts of runs that have ended: of one that has a container, a pass does once that is gone. */
  async #releaseAccounts(there: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { accounts, runs } = this.#options;
    for (const id of this.#holders) {
      if (there.has(id)) continue;
      const record = await runs.get(id, { signal });
      if (record && isOpenRun(record)) continue;
      accounts?.release({ kind: "run", id, ...(record && { lease: runLease(record) }) });
    }
    this.#holders = [];
  }

  #takeUp(record: RunRecord): void {
    if (!this.#open.has(record.id)) {
      this.#open.set(record.id, record.scheduleId);
      this.#options.onChange(record);
    }
    this.#queue.add(record.id);
  }

  /**
   * Takes up a container whose record is closed or missing: corrects the record before it removes the
   * container.
   */
  async #takeUpContainer(id: string, container: ManagedContainer, signal: AbortSignal): Promise<void> {
    const { runs, instance, clock } = this.#options;
    const { scheduleId, slot, trigger, attempt } = runOf(container)!;
    if (!await runs.get(id, { signal })) {
      const now = new Date(clock.now());
      const reason = "its record was lost, and is recreated from its container";
      const record = { id, scheduleId, slot, trigger, state: "running", reason, instance, attempt } as const;
      await runs.insert([{ ...record, seenAt: now, claimedAt: container.createdAt }], { signal });
    }
    this.#queue.add(id);
  }

  async #closeOrphaned(record: RunRecord, signal: AbortSignal): Promise<void> {
    const { runs, accounts, instance, clock } = this.#options;
    // The record may have appeared since the list was read.
    const now = await runs.get(record.id, { signal });
    if (!now || !isOpenRun(now) || !isOrphaned(now, instance, clock.now())) return;
    const reason = whyOrphaned(now);
    await runs.update(now.id, { state: "failed", reason }, { signal, instance: now.instance });
    accounts?.releaseLost({ kind: "run", id: now.id, lease: runLease(now) });
    this.#toTrim.add(now.scheduleId);
    this.#log.warn("run closed", { id: now.id, reason });
  }

  async #touch(signal: AbortSignal): Promise<void> {
    const { runs, instance, clock } = this.#options;
    const now = clock.now();
    // Setting the clock back must not suppress the heartbeat.
    const isDue = now - this.#touchedAt >= HEARTBEAT_INTERVAL_MS / 2 || now < this.#touchedAt;
    if (!isDue) return;
    await runs.touch(instance, new Date(now), { signal });
    this.#touchedAt = now;
  }

  async #trim(signal: AbortSignal): Promise<void> {
    const { runs, retention, clock } = this.#options;
    for (const scheduleId of [...this.#toTrim]) {
      await runs.trim(scheduleId, retention, new Date(clock.now()), { signal });
      this.#toTrim.delete(scheduleId);
    }
  }

  async #handle(id: string, signal: AbortSignal): Promise<{ againInMs?: number }> {
    const fresh = this.#fresh.get(id);
    // Valid only once: later changes are only in the ledger.
    this.#fresh.delete(id);
    return await this.#reconciler.reconcile(id, fresh, signal);
  }

  #changed(record: RunRecord): void {
    if (isOpenRun(record)) this.#open.set(record.id, record.scheduleId);
    else if (this.#open.delete(record.id)) {
      this.#toTrim.add(record.scheduleId);
      // A run that waits for this one to end.
      this.wake(record.scheduleId);
    }
    this.#options.onChange(record);
  }
}
