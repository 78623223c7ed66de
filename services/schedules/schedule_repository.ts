/**
 * The port to the schedules: documents as those of bots (`{ id, segment_id, config, custom, enabled? }`), and
 * `next_execution_time` beside them, in Unix seconds.
 *
 * @module
 */

import type { BotDocument, BotRepository, RepositoryCallOptions } from "../documents/bot_repository.ts";

/**
 * `next_execution_time` of a schedule that is not due by itself: it is disabled, invalid, or never fires. The end of
 * the year 9999, so that every program can read it as a time.
 */
export const NEVER: number = 253_402_300_799;

/** A schedule as it is stored. */
export interface StoredSchedule {
  /** Its `id`; where that is missing or no text, a name for reports. */
  readonly key: string;
  /** The document, in plain values. */
  readonly document: BotDocument;
  /**
   * From when on slots are owed, in Unix seconds, 1 to {@linkcode NEVER}; a fraction of a second is cut off. Absent when
   * the field holds anything else (nothing, a text, a date, milliseconds …): nobody has looked at the schedule yet.
   */
  readonly nextExecutionTime?: number;
}

/** A schedule whose time is to be set. */
export interface ScheduleAdvance {
  /** Id of the schedule. */
  readonly id: string;
  /** {@linkcode StoredSchedule.nextExecutionTime} as it was. */
  readonly from: number | undefined;
  /** What it is from now on, in Unix seconds, a whole number from 1 to {@linkcode NEVER}. */
  readonly to: number;
}

/** The schedules. */
export interface ScheduleRepository extends BotRepository {
  /**
   * Schedules that are due, through an index: `next_execution_time` at or before `until`, the earliest first. Those
   * without a time that can be used come too, before all others: nobody has looked at them yet.
   *
   * Documents without a usable id and damaged ones do not come, because their time cannot be set: `list` tells of them.
   *
   * @param until Unix seconds.
   * @param limit At most so many.
   */
  due(until: number, limit: number, options?: RepositoryCallOptions): Promise<StoredSchedule[]>;
  /** The earliest `next_execution_time` after a time, in Unix seconds; `undefined` when there is none before {@linkcode NEVER}. */
  nextDueAfter(after: number, options?: RepositoryCallOptions): Promise<number | undefined>;
  /** One schedule with its time, or `undefined` when there is none. */
  find(id: string, options?: RepositoryCallOptions): Promise<StoredSchedule | undefined>;
  /**
   * Sets `next_execution_time` of one schedule, and touches no other field, if it still is what it was.
   *
   * @returns Whether it was set.
   */
  advance(
    id: string,
    from: number | undefined,
    to: number,
    options?: RepositoryCallOptions,
  ): Promise<boolean>;
  /**
   * The same for many at once, which takes little more than for one.
   *
   * @returns Ids of those that were set.
   */
  advanceAll(
    advances: readonly ScheduleAdvance[],
    options?: RepositoryCallOptions,
  ): Promise<ReadonlySet<string>>;
}

/**
 * Reads `next_execution_time`.
 *
 * @param value What the document holds, in plain values.
 * @returns Unix seconds from 1 to {@linkcode NEVER}, or `undefined` when it is no such time.
 */
export function readExecutionTime(value: unknown): number | undefined {
  const seconds = typeof value === "number" ? Math.floor(value) : NaN;
  return seconds >= 1 && seconds <= NEVER ? seconds : undefined;
}
