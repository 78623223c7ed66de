/**
 * What a check of this machine says.
 *
 * @module
 */

/** What one check found. */
export interface Finding {
  /** What was checked. */
  readonly subject: string;
  /** Whether Berth can work with it: well, with a drawback, or not. */
  readonly state: "ok" | "warning" | "problem";
  /** What is there. */
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}
