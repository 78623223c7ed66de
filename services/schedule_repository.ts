/**
 * The port to the schedules: documents as those of bots (`{ id, segment_id, config, custom, enabled? }`), and
 * `next_execution_time` beside them, in Unix seconds.
 *
 * @module
 */

import type { BotDocument, BotRepository, RepositoryCallOptions } from "./bot_repository.ts";

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
  /** From when on slots are owed, in Unix seconds; absent when the field is missing or no whole number. */
  readonly nextExecutionTime?: number;
}

/** The schedules. */
export interface ScheduleRepository extends BotRepository {
  /**
   * Schedules that are due, through an index: `next_execution_time` at or before `until`, the earliest first. Those
   * whose field is missing or no number come too, before all others: nobody has looked at them yet.
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
   * Sets `next_execution_time`, and touches no other field, if it still is what it was.
   *
   * @param id Id of the schedule.
   * @param from What it was; `undefined` for one that was missing or no whole number.
   * @param to What it is from now on, in Unix seconds.
   * @returns Whether it was set.
   */
  advance(
    id: string,
    from: number | undefined,
    to: number,
    options?: RepositoryCallOptions,
  ): Promise<boolean>;
}
