/**
 * The result of a check of this machine.
 *
 * @module
 */

/** The result of one check. */
export interface Finding {
  /** What was checked. */
  readonly subject: string;
  /** Whether Berth can work with it fully, with a limitation, or not at all. */
  readonly state: "ok" | "warning" | "problem";
  /** What the check found. */
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}
