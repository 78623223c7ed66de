/**
 * Reconciles one run: reads its record and containers, plans, and acts.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { LeaseHeldError } from "../../lib/cluster/cluster_leases.ts";
import { ContainerConflictError, EngineUnavailableError } from "../../lib/errors.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { RETRY } from "../../lib/util/backoff.ts";
import { elapsedMs } from "../../lib/util/moment.ts";
import { Ages } from "../control/ages.ts";
import type { WorkResult } from "../control/work_queue.ts";
import type { AccountBook } from "../leases/account_book.ts";
import { AccountHeldError } from "../leases/account_held_error.ts";
import { NotServingError } from "../ownership/serving_right.ts";
import { isTransientStartFailure } from "../ownership/transient_start_failure.ts";
import { runLease, slotLabel } from "./run_names.ts";
import { runOutcome } from "./run_outcome.ts";
import { type FreshRun, readRunPass, type RunPass, type RunPassSources, runSituation } from "./run_pass.ts";
import type { RunPermits } from "./run_permits.ts";
import {
  type FailedRunStart,
  notBegun,
  planRun,
  type RunAction,
  type RunSituation,
  whyStop,
} from "./run_plan.ts";
import { changeRun, isOpenRun, type RunChange, type RunRecord } from "./run_repository.ts";
import { CLAIM_STANDS_MS } from "./orphaned_run.ts";
import { DEFAULT_SCHEDULE_SETTINGS } from "../documents/schedule_settings.ts";

/** Input of a {@linkcode RunReconciler}. */
export interface RunReconcilerOptions extends RunPassSources {
  /** Limits how many runs are active at once. */
  readonly permits: RunPermits;
  /** Called with each changed record, in its new form. */
  readonly onChange: (record: RunRecord) => void;
  /** Called if a record does not exist or belongs to another scheduler. */
  readonly onGone: (id: string) => void;
  /** Returns why the service must not start runs now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Returns why nothing of a schedule may be started, whatever its document says. @default it may */
  readonly whyHeld?: (scheduleId: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Gives each account to one bot or run at a time. @default {runs hold no accounts} */
  readonly accounts?: AccountBook;
  /** Called when a run that waited for a permit should ask again. */
  readonly onTurn: (id: string) => void;
}

/** Fields that a new attempt clears: they may hold values of the previous one. */
const NOT_KNOWN_YET = {
  finishedAt: null,
  durationMs: null,
  exitCode: null,
  resultStatus: null,
  result: null,
} satisfies RunChange;

/** Tells whether a copy of the run may live although its start failed. */
function mayHaveStarted(error: unknown): boolean {
  return error instanceof EngineUnavailableError || error instanceof NotServingError ||
    error instanceof LeaseHeldError;
}

/** Brings one run at a time closer to its end. */
export class RunReconciler {
  readonly #options: RunReconcilerOptions;
  readonly #failedStarts = new Map<string, FailedRunStart>();
  readonly #ages: Ages;
  readonly #log = getLogger(["berth", "schedules"]);

  constructor(options: RunReconcilerOptions) {
    this.#options = options;
    this.#ages = new Ages(options.clock);
  }

  /**
   * Makes passes over one run until nothing is left to do at once.
   *
   * @param id Id of the run.
   * @param fresh The facts about a run that was claimed just now.
   * @param signal Aborts the passes.
   * @returns When to look again, if time alone is a reason to.
   * @throws {BerthError} If a pass is impossible, for example because a store or the engine does not answer.
   */
  async reconcile(id: string, fresh: FreshRun | undefined, signal: AbortSignal): Promise<WorkResult> {
    const read = (fresh?: FreshRun) => readRunPass(this.#options, id, fresh, signal);
    for (let pass = await read(fresh); pass; pass = await read()) {
      const action = planRun(this.#situation(pass));
      const result = await this.#act(action, pass);
      if (result) return result;
    }
    this.#forget(id);
    this.#options.onGone(id);
    return {};
  }

  /** Lets a run whose start failed try again in its next pass. @param id Id of the run. */
  retry(id: string): void {
    const failed = this.#failedStarts.get(id);
    if (failed) this.#failedStarts.set(id, { ...failed, againInMs: 0 });
  }

  /** Returns `undefined` if another pass has to follow at once. */
  async #act(action: RunAction, pass: RunPass): Promise<WorkResult | undefined> {
    switch (action.type) {
      case "start": {
        const { record: { scheduleId }, signal } = pass;
        const held = await this.#options.whyHeld?.(scheduleId, signal);
        if (held === undefined) return await this.#start(action.attempt, pass);
        return await this.#act(notBegun(pass.record, held), pass);
      }
      case "adopt":
        await this.#began(action.container, pass);
        return undefined;
      case "stop":
        return await this.#stop(action, pass);
      case "collect":
        return await this.#collect(action.container, pass);
      case "close":
        await this.#change(pass, { state: action.state, reason: action.reason });
        this.#log.warn("run ended", { id: pass.record.id, state: action.state, reason: action.reason });
        return undefined;
      case "remove":
        for (const { containerId } of action.containers) await this.#remove(containerId, pass.signal);
        if (!isOpenRun(pass.record)) {
          const attempt = Math.max(...action.containers.map(({ attempt }) => attempt));
          this.#releaseAccounts({ ...pass.record, attempt });
        }
        return undefined;
      case "wait":
        return await this.#wait(action, pass);
    }
  }

  #situation(pass: RunPass): RunSituation {
    // Setting the clock must neither end a run early nor prolong it.
    const containers = pass.containers.map((container) => {
      const { containerId, phase, startedAt } = container;
      if (phase !== "running" || !startedAt) return container;
      return { ...container, startedAt: this.#ages.adjust(`${containerId} started`, startedAt) };
    });
    const failedStart = this.#failedStarts.get(pass.record.id);
    return runSituation({ ...pass, containers }, failedStart, this.#options.clock.now());
  }

  async #start(attempt: number, pass: RunPass): Promise<WorkResult | undefined> {
    const { runner, permits, clock, accounts } = this.#options;
    const { record, document, signal } = pass;
    // A copy that was lost may live although this start failed.
    const holder = { kind: "run", id: record.id, lease: runLease(record) } as const;
    if (document?.status !== "valid") throw new TypeError("A run without a schedule cannot be started");
    if (!permits.tryAcquire(record.id)) {
      return this.#untilTurn(pass, document.settings.startingDeadlineSeconds);
    }
    let containerId: string;
    try {
      const slot = slotLabel(record, attempt);
      const { logIntervalSeconds, lease: leaseMode, stopGraceSeconds } = document.settings;
      const accountEpochs = document.executable.accounts &&
        await accounts?.take(holder, document.executable.accounts, { signal });
      ({ containerId } = await runner.startContainer(document.executable, {
        slot,
        slotTime: new Date(record.slot * 1000),
        attempt,
        wait: false,
        signal,
        beforeStart: () => this.#refuseInDoubt(pass),
        ...(logIntervalSeconds !== undefined && { logIntervalSeconds }),
        ...(accountEpochs && { accountEpochs }),
        ...(leaseMode && { leaseMode }),
        ...(stopGraceSeconds !== undefined && { stopGraceSeconds }),
      }));
    } catch (error) {
      // This pass has not seen the conflicting container: the next one will.
      if (signal.aborted || error instanceof ContainerConflictError) throw error;
      if (!mayHaveStarted(error)) accounts?.release(holder);
      const { message } = error as Error;
      const before = this.#failedStarts.get(record.id);
      this.#failedStarts.set(record.id, {
        at: clock.now(),
        count: (before?.count ?? 0) + 1,
        message,
        isTransient: isTransientStartFailure(error),
        ...(error instanceof LeaseHeldError && { againInMs: error.againInMs }),
        ...(error instanceof AccountHeldError && {
          againInMs: RETRY.unavailable.minMs,
          // With "Allow" each slot adds one that waits: none of them may wait forever.
          isPatient: document.settings.concurrencyPolicy !== "Allow",
        }),
      });
      if (message !== before?.message) {
        this.#log.warn("run not started", { id: record.id, attempt, problem: message });
      }
      return undefined;
    }
    // From here on it runs: it keeps its accounts, whatever fails.
    this.#failedStarts.delete(record.id);
    const container = await runner.getContainerStatus(containerId, { signal });
    if (!container) return undefined;
    await this.#began(container, pass, document.executable.version);
    const next = planRun(this.#situation({ ...pass, record: pass.record, containers: [container] }));
    return next.type === "wait" ? await this.#wait(next, pass) : undefined;
  }

  /**
   * Refuses a start in doubt: after a freeze, other schedulers may long have run or closed the run.
   *
   * @throws {NotServingError} If the run may no longer be this scheduler's to start.
   */
  #refuseInDoubt({ knownAt }: RunPass): void {
    const { clock } = this.#options;
    this.#refuseIdle();
    if (elapsedMs(clock, knownAt) > CLAIM_STANDS_MS) {
      throw new NotServingError("The run waits for its record to be read again: its start took too long.");
    }
  }

  /** @throws {NotServingError} If another service may have taken over, and the run may long be closed. */
  #refuseIdle(): void {
    const why = this.#options.whyIdle?.();
    if (why !== undefined) throw new NotServingError(`The run waits for ${why}.`);
  }

  /** Another leader may have started it since where the containers of all leaders are the same. */
  #refuseIdleElsewhere(): void {
    if (this.#options.runner.capabilities.spansHosts) this.#refuseIdle();
  }

  /** A deadline passes also while it waits for others to end. */
  #untilTurn({ record }: RunPass, deadlineSeconds: number | undefined): WorkResult {
    if (deadlineSeconds === undefined) return {};
    const passesAt = (record.slot + deadlineSeconds) * 1000 + 1;
    return { againInMs: Math.max(0, passesAt - this.#options.clock.now()) };
  }

  async #began(container: ManagedContainer, pass: RunPass, version?: string): Promise<void> {
    const { record } = pass;
    const { startedAt, attempt, containerName } = container;
    const given = version ??
      (pass.document?.status === "valid" ? pass.document.executable.version : undefined);
    this.#options.permits.acquire(record.id);
    await this.#change(pass, {
      ...NOT_KNOWN_YET,
      state: "running",
      reason: "",
      attempt,
      containerName,
      log: `logs/${record.scheduleId}/`,
      seenAt: new Date(this.#options.clock.now()),
      ...(startedAt && { startedAt }),
      ...(startedAt && record.startLagMs === undefined && {
        startLagMs: startedAt.getTime() - record.slot * 1000,
      }),
      ...(given !== undefined && { version: given }),
    });
    this.#log.info("run started", { id: record.id, attempt, lagMs: pass.record.startLagMs });
  }

  async #stop(
    { container, why }: RunAction & { type: "stop" },
    pass: RunPass,
  ): Promise<WorkResult | undefined> {
    const { document, signal, record } = pass;
    const grace = document?.status === "valid" ? document.settings.stopGraceSeconds : undefined;
    this.#refuseIdleElsewhere();
    const { how } = await this.#options.runner.stopContainer(container, {
      keep: true,
      tail: 0,
      signal,
      ...(grace !== undefined && { graceSeconds: grace }),
    });
    this.#log.info("run stopped", { id: record.id, reason: why.reason, how });
    const said = how === "killed" ? "it was killed after its grace period" : "it was stopped";
    const stopped = how === "already-exited" ? undefined : { ...why, reason: `${why.reason}: ${said}` };
    return await this.#collect(container, pass, stopped);
  }

  /** Closes the record before it removes the container, so that a crash in between leaves the container. */
  async #collect(
    container: ManagedContainer,
    pass: RunPass,
    stopped?: ReturnType<typeof whyStop>,
  ): Promise<WorkResult | undefined> {
    const { runner } = this.#options;
    const { record, document, signal } = pass;
    const collected = await runner.collect(container.containerId, { signal });
    const { retries } = document?.status === "valid" ? document.settings : DEFAULT_SCHEDULE_SETTINGS;
    const why = stopped ?? whyStop(this.#situation(pass), { ...container, ...collected });
    const change = runOutcome({
      record,
      attempt: container.attempt,
      collected,
      wasStopped: stopped !== undefined,
      retries,
      ...(why && { why }),
    });
    await this.#change(pass, { ...change, containerName: container.containerName });
    const { state, reason, exitCode, durationMs } = pass.record;
    this.#log.info("run ended", { id: record.id, state, reason, exitCode, durationMs });
    await this.#remove(container.containerId, signal);
    if (isOpenRun(pass.record)) return undefined;
    this.#forget(record.id);
    return {};
  }

  async #wait({ againInMs, reason }: RunAction & { type: "wait" }, pass: RunPass): Promise<WorkResult> {
    const { record } = pass;
    if (record.state === "claimed") this.#giveBack(record.id);
    if (reason !== undefined && reason !== record.reason) await this.#change(pass, { reason });
    if (!isOpenRun(record)) {
      this.#forget(record.id);
      this.#releaseAccounts(record);
    } else if (record.state === "running") this.#options.permits.acquire(record.id);
    return againInMs === undefined ? {} : { againInMs: Math.max(0, againInMs) };
  }

  async #change(pass: RunPass, change: RunChange): Promise<void> {
    if (change.state !== undefined) this.#refuseIdle();
    const before = pass.record;
    await this.#options.runs.update(pass.record.id, change, { signal: pass.signal });
    pass.record = changeRun(pass.record, change);
    this.#options.onChange(pass.record);
    if (pass.record.state === "running" || change.state === undefined) return;
    this.#giveBack(pass.record.id);
    this.#releaseAccounts(before);
  }

  /** Call it once the run's container has ended, or if there is none: a lost one lives until its lease is over. */
  #releaseAccounts(record: RunRecord): void {
    this.#options.accounts?.release({ kind: "run", id: record.id, lease: runLease(record) });
  }

  async #remove(containerId: string, signal: AbortSignal): Promise<void> {
    this.#refuseIdleElsewhere();
    await this.#options.runner.removeContainer(containerId, { signal });
  }

  #forget(id: string): void {
    this.#failedStarts.delete(id);
    this.#giveBack(id);
  }

  #giveBack(id: string): void {
    for (const next of this.#options.permits.release(id)) this.#options.onTurn(next);
  }
}
