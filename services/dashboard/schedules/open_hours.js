/** When exchanges are open, day by day of this browser. */

import { signal } from "@preact/signals";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { useRepeat } from "../store/repeat.js";
import { clockTime, exactTime, many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const READ_MS = 600_000;
const DAYS = 8;

/** The calendars that bots and schedules use; `undefined` before they are known. */
export const calendars = signal(undefined);

/** Keeps them up to date while a component is there. */
export function useCalendars() {
  useRepeat(async (signal) => {
    calendars.value = (await call("/api/trading-sessions", { query: { days: DAYS }, signal })).calendars;
  }, READ_MS);
}

/**
 * Sorts opening hours into days. Hours that last over midnight belong to both days; hours that touch are one.
 *
 * @param all The calendars. @param days `{ name, at }` of each day, `at` within it in ms.
 * @returns By name of the day: `{ name, calendar, from, to }`, in ms; `from` or `to` is absent where it goes on.
 */
export function hoursOf(all, days) {
  const hours = new Map(days.map(({ name }) => [name, []]));
  for (const calendar of all) {
    const spans = joined(calendar.sessions.flatMap(({ parts }) => parts));
    for (const { name, at } of days) {
      const [begin, end] = boundsOf(at);
      for (const { from, to } of spans) {
        if (from >= end || to <= begin) continue;
        hours.get(name).push({
          calendar,
          ...(from > begin && { from }),
          ...(to < end && { to }),
        });
      }
    }
  }
  return hours;
}

function joined(parts) {
  const spans = [];
  for (const { open, close } of parts) {
    const [from, to] = [Date.parse(open), Date.parse(close)];
    const last = spans.at(-1);
    if (last && last.to >= from) last.to = Math.max(last.to, to);
    else spans.push({ from, to });
  }
  return spans;
}

/** By the calendar: with a change of clocks a day has 23 or 25 hours. */
function boundsOf(at) {
  const begin = new Date(at).setHours(0, 0, 0, 0);
  const end = new Date(begin);
  end.setDate(end.getDate() + 1);
  return [begin, end.getTime()];
}

const time = (ms) => clockTime(ms).slice(0, 5);

/** @param hours Those of one day. */
export const OpenHours = ({ hours }) =>
  hours.map(({ calendar: { name, bots, schedules }, from, to }) =>
    html`
      <p key=${`${name} ${from}`} class="open" title=${[from, to].filter(Boolean).map(exactTime).join(
        "\n\n",
      )}>
        <b>${plainText(name, 40)}</b> ${wordsOf(from, to)}
        ${bots.length > 0 && html`<span>${bots.length === 1 ? bots[0] : many(bots.length, "bot")}</span>`}
        ${bots.length === 0 && schedules.length > 1 &&
          html`<span>${many(schedules.length, "schedule")}</span>`}
      </p>
    `
  );

function wordsOf(from, to) {
  if (from === undefined && to === undefined) return "all day";
  if (from === undefined) return `to ${time(to)}`;
  return to === undefined ? `from ${time(from)}` : `${time(from)}–${time(to)}`;
}
