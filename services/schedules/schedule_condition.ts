/**
 * The condition of a schedule, for people and programs.
 *
 * @module
 */

/** The condition of a schedule. */
export type ScheduleCondition =
  /** Waits for its next slot. */
  | { readonly type: "scheduled"; readonly next: Date }
  /** Has no more slots; `reason` says why, if more is known than that its expression has none. */
  | { readonly type: "finished"; readonly reason?: string }
  /** Disabled by its document. */
  | { readonly type: "disabled" }
  /** The document is invalid, or its expression never fires. */
  | { readonly type: "invalid"; readonly reason: string };

/**
 * Formats a condition as one line.
 *
 * @param condition The condition.
 * @returns The line, for example `next slot at 2025-01-01T00:00:00.000Z`.
 */
export function describeScheduleCondition(condition: ScheduleCondition): string {
  switch (condition.type) {
    case "scheduled":
      return `next slot at ${condition.next.toISOString()}`;
    case "finished":
      return `finished: ${condition.reason ?? "it has no slots any more"}`;
    case "disabled":
      return "disabled";
    case "invalid":
      return `invalid: ${condition.reason}`.replace(/\s+/g, " ");
  }
}
