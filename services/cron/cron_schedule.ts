/**
 * When a schedule is due. Times are whole seconds since the epoch, UTC, as in `next_execution_time`.
 *
 * @module
 */

/** How an expression was read. */
export type CronReading =
  /** Seconds first. */
  | "six-fields"
  /** The standard five; it fires at second 0. */
  | "five-fields"
  /** A name such as `@daily`. */
  | "descriptor"
  /** `@every` and a duration: from one slot to the next, whatever the time of day. */
  | "every";

/** A schedule's times. */
export interface CronSchedule {
  /** The expression as it was given. */
  readonly expression: string;
  /** How it was read. */
  readonly reading: CronReading;
  /** IANA name of the time zone whose wall clock counts. */
  readonly timezone: string;
  /**
   * The next slot.
   *
   * @param after Unix seconds; with `@every` the slot before, or now.
   * @returns The first slot later than that, in Unix seconds; `undefined` when there is none any more.
   */
  next(after: number): number | undefined;
  /**
   * Whether a time is one of its slots. With `@every`, any whole second may be.
   *
   * @param slot Unix seconds.
   */
  has(slot: number): boolean;
}

/** An expression that was read, or why it cannot be: one line, names the field where that is known. */
export type ParsedCron = { readonly schedule: CronSchedule } | { readonly problem: string };
