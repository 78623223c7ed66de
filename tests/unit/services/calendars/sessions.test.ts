import assert from "node:assert/strict";
import { test } from "node:test";
import { CalendarBook } from "../../../../services/calendars/calendar_book.ts";
import { type Calendar, dayOf } from "../../../../services/calendars/calendar.ts";
import { SHIPPED_CALENDARS } from "../../../../services/calendars/shipped_calendars.ts";
import {
  endOfCalendar,
  isOpen,
  sessionAt,
  sessionsAfter,
  sessionsBefore,
  sessionsBetween,
} from "../../../../services/calendars/sessions.ts";
import { compareCalendars } from "../../../support/calendar_table.ts";

function calendar(name: string): Calendar {
  const found = new CalendarBook().get(name);
  if ("problem" in found) throw new Error(found.problem);
  return found;
}

const at = (text: string) => Date.parse(text) / 1000;
const text = (seconds: number) => new Date(seconds * 1000).toISOString();

test("all special days and changes of clocks of all calendars are those of exchange-calendars", () => {
  const table = Deno.readTextFileSync(new URL("../../../calendars/sessions.jsonl", import.meta.url));
  const { days, differences } = compareCalendars(table);
  assert.deepEqual(differences.slice(0, 20), []);
  assert.deepEqual([...days.keys()].sort(), Object.keys(SHIPPED_CALENDARS).sort());
  assert.ok([...days.values()].reduce((sum, count) => sum + count, 0) > 5000);
});

test("an exchange is open within its session, closed at the second of its close, and on its holidays", () => {
  const xnys = calendar("XNYS");
  assert.equal(isOpen(xnys, at("2026-11-30T14:29:59Z")), false);
  assert.equal(isOpen(xnys, at("2026-11-30T14:30:00Z")), true);
  assert.equal(isOpen(xnys, at("2026-11-30T20:59:59Z")), true);
  assert.equal(isOpen(xnys, at("2026-11-30T21:00:00Z")), false);
  assert.equal(isOpen(xnys, at("2026-12-25T16:00:00Z")), false);
  // The day after Thanksgiving closes early.
  assert.equal(isOpen(xnys, at("2026-11-27T17:59:59Z")), true);
  assert.equal(isOpen(xnys, at("2026-11-27T18:00:00Z")), false);
});

test("a lunch break is closed, and belongs to its session", () => {
  const xtks = calendar("XTKS");
  const lunch = at("2026-11-30T12:00:00+09:00");
  assert.equal(isOpen(xtks, lunch), false);
  assert.equal(sessionAt(xtks, lunch)?.date, "2026-11-30");
});

test("the next and the previous sessions go across weekends, holidays and changes of clocks", () => {
  const xnys = calendar("XNYS");
  const [next] = sessionsAfter(xnys, at("2026-03-06T21:00:00Z"));
  // New York changes its clocks on 2026-03-08.
  assert.equal(text(next!.open), "2026-03-09T13:30:00.000Z");
  const [before] = sessionsBefore(xnys, at("2026-03-09T13:30:00Z"));
  assert.equal(text(before!.close), "2026-03-06T21:00:00.000Z");
  const week = sessionsBetween(xnys, at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
  assert.deepEqual(week.map(({ date }) => date), ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"]);
});

test("a session that begins on the evening before belongs to the date on which it ends", () => {
  const cmes = calendar("CMES");
  const sunday = sessionAt(cmes, at("2026-11-29T18:00:00-06:00"));
  assert.equal(sunday?.date, "2026-11-30");
  assert.equal(text(sunday!.open), "2026-11-29T23:00:00.000Z");
  assert.equal(sessionAt(cmes, at("2026-11-29T16:59:59-06:00")), undefined);
});

test("nothing is known after the last covered date", () => {
  const xshg = calendar("XSHG");
  assert.equal(xshg.lastDay, dayOf("2026-12-31"));
  assert.equal(text(endOfCalendar(xshg)), "2026-12-31T16:00:00.000Z");
  assert.deepEqual([...sessionsAfter(xshg, endOfCalendar(xshg))], []);
});
