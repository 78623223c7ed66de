/**
 * The result of a check of this machine.
 *
 * @module
 */

/** The result of one check. */
export interface Finding {
  /** The checked part. */
  readonly subject: string;
  /** Whether Berth can work with it fully, with a limitation, or not at all. */
  readonly state: "ok" | "warning" | "problem";
  /** The result of the check. */
  readonly detail: string;
  /** The advice. */
  readonly advice?: string;
}
