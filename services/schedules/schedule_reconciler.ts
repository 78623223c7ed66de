/**
 * Reconciles schedules with the ledger: records due slots, advances the schedules, then starts the runs.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import { type Moment, momentOf } from "../../lib/util/moment.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import { servesSegment } from "../documents/serves_segment.ts";
import { nextRun } from "../cron/trading_days.ts";
import type { FreshRun } from "./run_pass.ts";
import type { RunRecord, RunRepository } from "./run_repository.ts";
import type { ScheduleCondition } from "./schedule_condition.ts";
import { type ParsedScheduleDocument, parseScheduleDocument } from "./schedule_document.ts";
import { mayCorrect, planSchedule, planSlot, type ScheduleSituation } from "./schedule_plan.ts";
import {
  NEVER,
  type ScheduleAdvance,
  type ScheduleRepository,
  type StoredSchedule,
} from "./schedule_repository.ts";
import { ScheduleLog } from "./schedule_log.ts";
import { DEFAULT_SCHEDULE_SETTINGS } from "../documents/schedule_settings.ts";
import type { ScheduleState } from "./schedule_state.ts";
import { SlotClaims } from "./slot_claims.ts";

/** Input of a {@linkcode ScheduleReconciler}. */
export interface ScheduleReconcilerOptions extends DocumentRules {
  /** The documents. */
  readonly repository: ScheduleRepository;
  /** The ledger. */
  readonly runs: RunRepository;
  /** Receives the conditions. */
  readonly state: ScheduleState;
  /** Name of this scheduler. */
  readonly instance: string;
  /** Segment to serve, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Number of records that each schedule keeps. */
  readonly keep: number;
  /** The clock. */
  readonly clock: Clock;
  /** Returns why nothing of a schedule may be started, whatever its document says. @default it may */
  readonly whyHeld?: (scheduleId: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Called with each claimed slot, which should run. */
  readonly onClaim: (fresh: FreshRun) => void;
  /** Called with each slot recorded as skipped. */
  readonly onSkip: (record: RunRecord) => void;
}

/** Why a schedule is not run now. */
export interface RunNowRefusal {
  /** The reason, for programs. */
  readonly code: "not-found" | "invalid" | "in-progress" | "not-serving" | "held";
  /** The reason in one sentence. */
  readonly problem: string;
  /** The run that is in progress, if that is the reason. */
  readonly run?: RunRecord;
}

/** Result of {@linkcode ScheduleReconciler.runNow}: the claimed record, or why there is none. */
export type RunNowResult = { readonly record: RunRecord } | RunNowRefusal;

/** Options of {@linkcode ScheduleReconciler.runNow}. */
export interface RunNowOptions {
  /** Name of the caller, for the record. */
  readonly requestedBy?: string;
  /** Aborts the call. */
  readonly signal?: AbortSignal;
}

/** A schedule, its parsed document, and its plan. */
interface Pass {
  readonly stored: StoredSchedule;
  readonly document: ParsedScheduleDocument;
  readonly records: readonly RunRecord[];
  readonly next: number;
}

/** The slots that were claimed for some passes. */
interface Claims {
  readonly inserted: ReadonlySet<string>;
  /** All open runs after that, by schedule. */
  readonly open: ReadonlyMap<string, RunRecord[]> | undefined;
  /** A moment before that. */
  readonly knownAt: Moment;
}

/** Brings schedules and ledger together. */
export class ScheduleReconciler {
  readonly #options: ScheduleReconcilerOptions;
  readonly #claims: SlotClaims;
  readonly #log = getLogger(["berth", "schedules"]);
  readonly #conditions = new ScheduleLog(this.#log);

  constructor(options: ScheduleReconcilerOptions) {
    this.#options = options;
    this.#claims = new SlotClaims(options);
  }

  /**
   * Makes one pass over some schedules.
   *
   * @param schedules The schedules.
   * @param signal Aborts the pass.
   * @returns Number of schedules that it advanced.
   * @throws {StoreUnavailableError} If documents or ledger do not answer.
   */
  async reconcile(schedules: readonly StoredSchedule[], signal: AbortSignal): Promise<number> {
    const { repository } = this.#options;
    const served = schedules.map((stored) => ({
      stored,
      document: parseScheduleDocument(stored.document, stored.key, this.#options),
    })).filter(({ document }) => this.#isServed(document));
    if (served.length === 0) return 0;
    const knownAt = momentOf(this.#options.clock);
    const now = Math.floor(this.#options.clock.now() / 1000);
    // Open runs matter only to schedules that are due.
    const isDue = served.some(({ stored }) => (stored.nextExecutionTime ?? Infinity) <= now);
    const open = isDue ? await this.#claims.open(signal) : new Map<string, RunRecord[]>();
    const passes: Pass[] = [];
    for (const { stored, document } of served) {
      const situation = this.#situation(stored, document, now, open.get(stored.key) ?? []);
      const latestSlot = mayCorrect(situation)
        ? await this.#claims.latestSlot(stored.key, signal)
        : undefined;
      const { slots, next } = planSchedule({ ...situation, ...(latestSlot !== undefined && { latestSlot }) });
      passes.push({
        stored,
        document,
        records: slots.map((slot) => this.#claims.record(stored.key, slot)),
        next,
      });
    }
    const records = passes.flatMap(({ records }) => records);
    const inserted = await this.#claims.claim(records, signal);
    const isClaim = records.some(({ id, state }) => state === "claimed" && inserted.has(id));
    // One query for all claims; if it fails, each run queries for itself.
    const others = isClaim ? this.#claims.open(signal).catch(() => undefined) : undefined;
    try {
      const advanced = await repository.advanceAll(passes.flatMap(toAdvance), { signal });
      return advanced.size;
    } finally {
      // A claimed slot runs, even if another scheduler advances its schedule.
      const openNow = await others;
      for (const pass of passes) this.#settle(pass, { inserted, open: openNow, knownAt });
    }
  }

  /**
   * Runs a schedule now if its policy allows, even a disabled one.
   *
   * @param id Id of the schedule.
   * @param options The caller, and a signal.
   * @returns The record, or why there is none.
   * @throws {StoreUnavailableError} If documents or ledger do not answer.
   */
  async runNow(
    id: string,
    { requestedBy, signal = new AbortController().signal }: RunNowOptions = {},
  ): Promise<RunNowResult> {
    const { repository, clock } = this.#options;
    const stored = await repository.find(id, { signal });
    const document = stored && parseScheduleDocument(stored.document, id, this.#options);
    if (!document) return { code: "not-found", problem: `There is no schedule '${id}'.` };
    if (!this.#isServed(document)) {
      return { code: "not-serving", problem: `This service does not serve the segment of '${id}'.` };
    }
    if (document.status === "invalid") {
      return { code: "invalid", problem: `'${id}' cannot be run: ${document.reason}` };
    }
    const held = await this.#options.whyHeld?.(id, signal);
    if (held !== undefined) return { code: "held", problem: `'${id}' is not run: ${held}.` };
    const knownAt = momentOf(clock);
    const open = (await this.#claims.open(signal, id)).get(id) ?? [];
    const slot = Math.floor(clock.now() / 1000);
    const { state, reason } = planSlot(slot, "manual", { settings: document.settings, now: slot, open });
    if (state === "skipped") {
      return { code: "in-progress", problem: `'${id}' is not run: ${reason}.`, run: open[0]! };
    }
    const planned = { slot, trigger: "manual", state } as const;
    const record = await this.#claims.claimManual(id, planned, { requestedBy, signal });
    this.#publish(record, document, { knownAt });
    return { record };
  }

  /** Forgets a removed schedule. @param id Its id. */
  forget(id: string): void {
    this.#options.state.remove(id);
    this.#conditions.forget(id);
  }

  #situation(
    { nextExecutionTime }: StoredSchedule,
    document: ParsedScheduleDocument,
    now: number,
    open: readonly RunRecord[],
  ): ScheduleSituation {
    const isRun = document.status === "valid" && document.enabled;
    return {
      cron: isRun ? document.cron : undefined,
      settings: document.status === "valid" ? document.settings : DEFAULT_SCHEDULE_SETTINGS,
      from: nextExecutionTime,
      now,
      open,
      keep: this.#options.keep,
    };
  }

  #isServed(document: ParsedScheduleDocument): boolean {
    const segment = document.status === "valid" ? document.executable.segment : document.segment ?? 0;
    return servesSegment(this.#options.segment, segment);
  }

  #settle(
    { stored, document, records, next }: Pass,
    { inserted, open, knownAt }: Claims,
  ): void {
    const condition = conditionOf(document, next);
    this.#options.state.setCondition(stored.key, condition);
    this.#conditions.record(stored.key, condition, document.status === "valid" ? document.notes : []);
    const others = open && (open.get(stored.key) ?? []);
    for (const record of records) {
      if (inserted.has(record.id)) this.#publish(record, document, { knownAt, open: others });
    }
  }

  #publish(
    record: RunRecord,
    document: ParsedScheduleDocument,
    { knownAt, open }: { readonly knownAt: Moment; readonly open?: readonly RunRecord[] },
  ): void {
    if (record.state === "claimed") {
      const others = open?.filter(({ id }) => id !== record.id);
      return this.#options.onClaim({ record, document, knownAt, ...(others && { others }) });
    }
    this.#log.info("slot skipped", { id: record.id, reason: record.reason });
    this.#options.onSkip(record);
  }
}

function toAdvance({ stored, next }: Pass): ScheduleAdvance[] {
  const { key: id, nextExecutionTime: from } = stored;
  return next === from ? [] : [{ id, from, to: next }];
}

function conditionOf(document: ParsedScheduleDocument, next: number): ScheduleCondition {
  if (!document.enabled) return { type: "disabled" };
  if (document.status === "invalid") return { type: "invalid", reason: document.reason };
  const run = next === NEVER ? undefined : nextRun(document.cron, next - 1);
  if (run !== undefined) return { type: "scheduled", next: new Date(run * 1000) };
  const { whyEnds } = document.cron;
  return { type: "finished", ...(whyEnds !== undefined && { reason: whyEnds }) };
}
