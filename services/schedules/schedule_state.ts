/**
 * What the schedule service knows of its schedules and of itself, for its API, its metrics and its log.
 *
 * @module
 */

import { isOpenRun, type RunRecord, type RunState } from "./run_repository.ts";
import type { ScheduleCondition } from "./schedule_condition.ts";

/** What is known of a schedule. */
export interface KnownSchedule {
  /** Its id. */
  readonly id: string;
  /** What it is doing; absent as long as only a run of it is known. */
  readonly condition?: ScheduleCondition;
  /** Its runs that this scheduler looks after, the earliest slot first. */
  readonly openRuns: readonly RunRecord[];
  /** Its last run or skipped slot that this process has seen the end of. */
  readonly lastRun?: RunRecord;
}

/** Counts since the start of this process, and what is now. */
export interface ScheduleMetrics {
  /** Records that were closed, by their state. */
  readonly closed: Readonly<Partial<Record<RunState, number>>>;
  /** Containers started. */
  readonly starts: number;
  /** From slot to start of the last container, in ms; absent when there was none. */
  readonly startLagMs?: number;
  /** Runs that go now. */
  readonly running: number;
  /** Runs that wait for others to end. */
  readonly waiting: number;
}

/**
 * Hears that the record of a run has changed. Called at once, so it returns soon and does not throw.
 *
 * @param record The record as it is now: a copy.
 */
export type RunListener = (record: RunRecord) => void;

interface Entry {
  condition?: ScheduleCondition;
  readonly open: Map<string, RunRecord>;
  lastRun?: RunRecord;
}

/** Schedules and metrics. What goes out is a copy: nobody can change what others see. */
export class ScheduleState {
  readonly #schedules = new Map<string, Entry>();
  readonly #closed: Partial<Record<RunState, number>> = {};
  readonly #now: () => Pick<ScheduleMetrics, "running" | "waiting">;
  readonly #listeners = new Set<RunListener>();
  #starts = 0;
  #startLagMs: number | undefined;

  /**
   * Makes an empty one.
   *
   * @param now Says how many runs go and wait.
   */
  constructor(now: () => Pick<ScheduleMetrics, "running" | "waiting"> = () => ({ running: 0, waiting: 0 })) {
    this.#now = now;
  }

  /**
   * Tells what a schedule is doing.
   *
   * @param id Its id.
   * @param condition What it is doing.
   */
  setCondition(id: string, condition: ScheduleCondition): void {
    this.#entry(id).condition = condition;
  }

  /**
   * Tells of a run as its record is now.
   *
   * @param record The record.
   */
  setRun(record: RunRecord): void {
    this.#keep(record);
    for (const listener of this.#listeners) listener(structuredClone(record));
  }

  /**
   * Has runs told to somebody.
   *
   * @param listener Hears of each change from now on.
   * @returns Ends that.
   */
  subscribe(listener: RunListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
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
   * What is known of a schedule.
   *
   * @param id Its id.
   * @returns A copy, or `undefined` when nothing is.
   */
  getSchedule(id: string): KnownSchedule | undefined {
    const entry = this.#schedules.get(id);
    return entry && toKnown(id, entry);
  }

  /** What is known of every schedule, in the order of their ids: copies. */
  getAllSchedules(): KnownSchedule[] {
    return [...this.#schedules].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, entry]) => toKnown(id, entry));
  }

  /**
   * Forgets a schedule that is no more. Its open runs are still told of.
   *
   * @param id Its id.
   */
  remove(id: string): void {
    const entry = this.#schedules.get(id);
    if (entry && entry.open.size > 0) delete entry.condition;
    else this.#schedules.delete(id);
  }

  /** Ids of the schedules that something is known of. */
  ids(): string[] {
    return [...this.#schedules.keys()];
  }

  /** Counts since the start of this process, and what is now: a copy. */
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
