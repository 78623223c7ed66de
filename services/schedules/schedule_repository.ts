/**
 * Port for the schedules: documents like those of bots (`{ id, segment_id, config, custom, enabled? }`) with
 * `next_execution_time` in Unix seconds.
 *
 * @module
 */

import type { BotDocument, BotRepository, RepositoryCallOptions } from "../documents/bot_repository.ts";

/**
 * `next_execution_time` of a schedule that never becomes due: it is disabled or invalid, or never fires. The
 * end of the year 9999, which every program can read as a time.
 */
export const NEVER: number = 253_402_300_799;

/** A stored schedule. */
export interface StoredSchedule {
  /** The document's `id`, or a name for reports if that is missing or no string. */
  readonly key: string;
  /** The document, in plain values. */
  readonly document: BotDocument;
  /**
   * Earliest due time in Unix seconds, 1 to {@linkcode NEVER}, without fractions. Absent if the field holds
   * anything else (nothing, a string, a date, milliseconds …): no scheduler has seen the schedule yet.
   */
  readonly nextExecutionTime?: number;
}

/** A schedule to advance. */
export interface ScheduleAdvance {
  /** Id of the schedule. */
  readonly id: string;
  /** The previous {@linkcode StoredSchedule.nextExecutionTime}. */
  readonly from: number | undefined;
  /** The new time in Unix seconds, a whole number from 1 to {@linkcode NEVER}. */
  readonly to: number;
}

/** The schedules. */
export interface ScheduleRepository extends BotRepository {
  /**
   * Lists the due schedules through an index: `next_execution_time` at or before `until`, the earliest first.
   * Schedules without a usable time come before all others, because no scheduler has seen them yet.
   *
   * Leaves out damaged documents and those without a usable id, whose time cannot be set; `list` includes
   * them.
   *
   * @param until Unix seconds.
   * @param limit Maximum number of schedules.
   */
  due(until: number, limit: number, options?: RepositoryCallOptions): Promise<StoredSchedule[]>;
  /**
   * Returns the earliest `next_execution_time` after a time, in Unix seconds; `undefined` if there is none
   * before {@linkcode NEVER}.
   */
  nextDueAfter(after: number, options?: RepositoryCallOptions): Promise<number | undefined>;
  /** Reads one schedule with its time; `undefined` if there is none. */
  find(id: string, options?: RepositoryCallOptions): Promise<StoredSchedule | undefined>;
  /**
   * Sets `next_execution_time` of one schedule if it is unchanged, and no other field.
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
   * Does the same for many schedules, at little more than the cost of one.
   *
   * @returns Ids of the schedules whose time was set.
   */
  advanceAll(
    advances: readonly ScheduleAdvance[],
    options?: RepositoryCallOptions,
  ): Promise<ReadonlySet<string>>;
}

/**
 * Parses `next_execution_time`.
 *
 * @param value The document's value, in plain values.
 * @returns Unix seconds from 1 to {@linkcode NEVER}, or `undefined` if the value is not usable.
 */
export function readExecutionTime(value: unknown): number | undefined {
  const seconds = typeof value === "number" ? Math.floor(value) : NaN;
  return seconds >= 1 && seconds <= NEVER ? seconds : undefined;
}
