/**
 * When a bot with a session starts and stops next. Pure: no I/O, no clock.
 *
 * @module
 */

import type { Calendar } from "./calendar.ts";
import { type SessionLimits, sessionWindow } from "./session_window.ts";

/** A time at which a bot's session begins or ends. */
export interface SessionChange {
  /** Unix seconds. */
  readonly at: number;
  /** Whether it is within a session from then on. */
  readonly to: "inside" | "outside";
}

/**
 * Lists the next changes, the earliest first, as far as the calendar knows them.
 *
 * @param calendar The calendar.
 * @param limits The bot's limits.
 * @param period From when and until when, in Unix seconds, and how many at most.
 */
export function sessionChanges(
  calendar: Calendar,
  limits: SessionLimits,
  { from, to, atMost }: { readonly from: number; readonly to: number; readonly atMost: number },
): SessionChange[] {
  const changes: SessionChange[] = [];
  let window = sessionWindow(calendar, limits, from);
  while (changes.length < atMost) {
    const at = window.type === "inside" ? window.until : window.type === "outside" ? window.next : undefined;
    if (at === undefined || at > to) break;
    const after = sessionWindow(calendar, limits, at);
    // A window looks a few sessions ahead; where they all touch, it goes on.
    if (after.type !== "unknown" && after.type !== window.type) changes.push({ at, to: after.type });
    window = after;
  }
  return changes;
}
