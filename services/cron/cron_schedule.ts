/**
 * The times of a schedule, in whole seconds since the epoch, as in `next_execution_time`.
 *
 * @module
 */

/** The form of an expression. */
export type CronReading =
  /** Six fields, seconds first. */
  | "six-fields"
  /** The standard five fields; fires at second 0. */
  | "five-fields"
  /** A name such as `@daily`. */
  | "descriptor"
  /** `@every` and a duration, counted from slot to slot, whatever the time of day. */
  | "every";

/** A schedule's times. */
export interface CronSchedule {
  /** The expression as given. */
  readonly expression: string;
  /** The form of the expression. */
  readonly reading: CronReading;
  /** IANA name of the time zone whose wall clock applies. */
  readonly timezone: string;
  /**
   * Returns the next slot.
   *
   * @param after Unix seconds; for `@every`, the previous slot or now.
   * @returns The first slot later than `after`, in Unix seconds; `undefined` if there is none.
   */
  next(after: number): number | undefined;
  /** Whether a time is a slot. For `@every`, any whole second may be one. @param slot Unix seconds. */
  has(slot: number): boolean;
}

/** A parsed expression, or one line that says what is wrong and, if known, in which field. */
export type ParsedCron = { readonly schedule: CronSchedule } | { readonly problem: string };
