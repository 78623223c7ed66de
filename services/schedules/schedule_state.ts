/**
 * The schedule service's state, for its API, metrics and log.
 *
 * @module
 */

import type { BotChange } from "../documents/bot_repository.ts";
import { isOpenRun, type RunRecord, type RunState } from "./run_repository.ts";
import type { ScheduleCondition } from "./schedule_condition.ts";

/** State of a schedule. */
export interface KnownSchedule {
  /** Its id. */
  readonly id: string;
  /** Its condition; absent while only a run of it is known. */
  readonly condition?: ScheduleCondition;
  /** Its runs that this scheduler manages, the earliest slot first. */
  readonly openRuns: readonly RunRecord[];
  /** The last run or skipped slot that ended in this process. */
  readonly lastRun?: RunRecord;
}

/** Counters since the start of this process, and current values. */
export interface ScheduleMetrics {
  /** Closed records by state. */
  readonly closed: Readonly<Partial<Record<RunState, number>>>;
  /** Containers started. */
  readonly starts: number;
  /** Time from the slot to the start of the last container, in ms; absent if there was none. */
  readonly startLagMs?: number;
  /** Active runs. */
  readonly running: number;
  /** Runs that wait for others to end. */
  readonly waiting: number;
}

/**
 * Called when the record of a run has changed. Must return quickly and not throw.
 *
 * @param record A copy of the record.
 */
export type RunListener = (record: RunRecord) => void;

/** A document of a schedule that was written or removed, by a call or an event. */
export interface ScheduleChange {
  /** Id of the schedule. */
  readonly id: string;
  /** The action. */
  readonly change: BotChange["type"];
  /** Version of its code, if the document names one. */
  readonly version?: string;
}

/**
 * Called when the document of a schedule was written or removed. Must return quickly and not throw.
 *
 * @param change The action.
 */
export type ScheduleChangeListener = (change: ScheduleChange) => void;

interface Entry {
  condition?: ScheduleCondition;
  readonly open: Map<string, RunRecord>;
  lastRun?: RunRecord;
}

/** States of schedules, and metrics. Returns only copies, so no caller can change another's view. */
export class ScheduleState {
  readonly #schedules = new Map<string, Entry>();
  readonly #closed: Partial<Record<RunState, number>> = {};
  readonly #now: () => Pick<ScheduleMetrics, "running" | "waiting">;
  readonly #listeners = new Set<RunListener>();
  readonly #changeListeners = new Set<ScheduleChangeListener>();
  #starts = 0;
  #startLagMs: number | undefined;

  /** @param now Returns how many runs are active and waiting. */
  constructor(now: () => Pick<ScheduleMetrics, "running" | "waiting"> = () => ({ running: 0, waiting: 0 })) {
    this.#now = now;
  }

  /**
   * Sets the condition of a schedule.
   *
   * @param id Its id.
   * @param condition Its condition.
   */
  setCondition(id: string, condition: ScheduleCondition): void {
    this.#entry(id).condition = condition;
  }

  /** Sets the current record of a run. @param record The record. */
  setRun(record: RunRecord): void {
    this.#keep(record);
    for (const listener of this.#listeners) listener(structuredClone(record));
  }

  /**
   * Subscribes to changes of runs.
   *
   * @param listener Called with each change from now on.
   * @returns A function that ends the subscription.
   */
  subscribe(listener: RunListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells the listeners of a changed document. @param change The action. */
  reportChange(change: ScheduleChange): void {
    for (const listener of this.#changeListeners) listener(change);
  }

  /**
   * Subscribes to changes of documents.
   *
   * @param listener Called with each change from now on.
   * @returns A function that ends the subscription.
   */
  subscribeChanges(listener: ScheduleChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  #keep(record: RunRecord): void {
    const entry = this.#entry(record.scheduleId);
    const before = entry.open.get(record.id);
    if (isOpenRun(record)) {
      entry.open.set(record.id, record);
      if (record.state === "running" && (before?.state !== "running" || before.attempt !== record.attempt)) {
        this.#starts++;
        if (record.attempt === 1) this.#startLagMs = record.startLagMs;
      }
      return;
    }
    entry.open.delete(record.id);
    entry.lastRun = record;
    this.#closed[record.state] = (this.#closed[record.state] ?? 0) + 1;
  }

  /**
   * Returns the state of a schedule.
   *
   * @param id Its id.
   * @returns A copy, or `undefined` if the schedule is unknown.
   */
  getSchedule(id: string): KnownSchedule | undefined {
    const entry = this.#schedules.get(id);
    return entry && toKnown(id, entry);
  }

  /** Returns copies of the states of all schedules, ordered by id. */
  getAllSchedules(): KnownSchedule[] {
    return [...this.#schedules].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, entry]) => toKnown(id, entry));
  }

  /** Forgets a removed schedule. Listeners still get events of its open runs. @param id Its id. */
  remove(id: string): void {
    const entry = this.#schedules.get(id);
    if (entry && entry.open.size > 0) delete entry.condition;
    else this.#schedules.delete(id);
  }

  /** Returns the ids of all known schedules. */
  ids(): string[] {
    return [...this.#schedules.keys()];
  }

  /** Returns a copy of the metrics. */
  getMetrics(): ScheduleMetrics {
    return {
      closed: { ...this.#closed },
      starts: this.#starts,
      ...(this.#startLagMs !== undefined && { startLagMs: this.#startLagMs }),
      ...this.#now(),
    };
  }

  #entry(id: string): Entry {
    const entry = this.#schedules.get(id) ?? { open: new Map() };
    this.#schedules.set(id, entry);
    return entry;
  }
}

function toKnown(id: string, { condition, open, lastRun }: Entry): KnownSchedule {
  const openRuns = [...open.values()].sort((a, b) => a.slot - b.slot);
  return structuredClone({ id, ...(condition && { condition }), openRuns, ...(lastRun && { lastRun }) });
}
