/**
 * What a schedule is doing, for people and programs.
 *
 * @module
 */

/** What a schedule is doing. */
export type ScheduleCondition =
  /** It waits for its next slot. */
  | { readonly type: "scheduled"; readonly next: Date }
  /** It has no slots any more. */
  | { readonly type: "finished" }
  /** Its document says that it should not run. */
  | { readonly type: "disabled" }
  /** Its document cannot be run, or its expression never fires. */
  | { readonly type: "invalid"; readonly reason: string };

/**
 * Writes a condition as one line.
 *
 * @param condition The condition.
 * @returns The line, for example `next slot at 2025-01-01T00:00:00.000Z`.
 */
export function describeScheduleCondition(condition: ScheduleCondition): string {
  switch (condition.type) {
    case "scheduled":
      return `next slot at ${condition.next.toISOString()}`;
    case "finished":
      return "finished: it has no slots any more";
    case "disabled":
      return "disabled";
    case "invalid":
      return `invalid: ${condition.reason}`.replace(/\s+/g, " ");
  }
}
