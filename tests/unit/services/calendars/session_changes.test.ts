import assert from "node:assert/strict";
import { CalendarBook } from "../../../../services/calendars/calendar_book.ts";
import type { Calendar } from "../../../../services/calendars/calendar.ts";
import { sessionChanges } from "../../../../services/calendars/session_changes.ts";

const NO_LIMITS = { startSeconds: 0, endSeconds: 0 };

function changes(name: string, from: string, limits = NO_LIMITS, days = 21): string[] {
  const calendar = new CalendarBook().get(name) as Calendar;
  const start = Date.parse(from) / 1000;
  const period = { from: start, to: start + days * 86_400, atMost: 4 };
  return sessionChanges(calendar, limits, period)
    .map(({ at, to }) => `${new Date(at * 1000).toISOString().slice(0, 16)} ${to}`);
}

Deno.test("sessionChanges() lists when a session begins and ends next, over a weekend and a holiday", () => {
  // Thursday was Thanksgiving, and Friday closed early.
  assert.deepEqual(changes("XNYS", "2026-11-25T20:00:00Z", { startSeconds: -600, endSeconds: 300 }), [
    "2026-11-25T21:05 outside",
    "2026-11-27T14:20 inside",
    "2026-11-27T18:05 outside",
    "2026-11-30T14:20 inside",
  ]);
});

Deno.test("sessionChanges() joins sessions that touch, and ends where nothing is known", () => {
  assert.deepEqual(changes("24/7", "2026-11-25T20:00:00Z"), []);
  assert.deepEqual(changes("24/5", "2026-11-25T20:00:00Z").slice(0, 2), [
    "2026-11-28T00:00 outside",
    "2026-11-30T00:00 inside",
  ]);
  assert.deepEqual(changes("XNYS", "2010-01-01T00:00:00Z"), []);
  assert.deepEqual(changes("XNYS", "2026-11-25T22:00:00Z", NO_LIMITS, 1), []);
});
