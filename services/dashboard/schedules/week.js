/** The runs of the coming week, and the opening hours of exchanges, day by day. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { linkTo } from "../app/router.js";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { nowCoarse } from "../store/now.js";
import { clockTime, day, duration, exactTime, many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { schedulePath } from "./actions.js";
import { calendars, hoursOf, OpenHours, useCalendars } from "./open_hours.js";

const DAY_MS = 24 * 3600_000;
const DAYS = 7;
/** Times that are asked for: enough for one an hour. */
const COUNT = 200;
/** With more schedules than this, a person decides whether so many requests are worth it. */
const MAX_AT_ONCE = 100;
const CONCURRENCY = 4;
const READ_AGAIN_MS = 3600_000;
/** A schedule with more times a day is one entry of that day. */
const MAX_ENTRIES = 4;

/** @param schedules All schedules. */
export function Week({ schedules }) {
  const planned = schedules.filter(({ state }) => state === "scheduled");
  const times = useSignal(new Map());
  const isWanted = useSignal(planned.length <= MAX_AT_ONCE);
  const key = planned.map(({ id, schedule }) => `${id} ${schedule}`).join("\n");
  const hour = Math.floor(nowCoarse.value / READ_AGAIN_MS);
  useEffect(() => {
    if (!isWanted.value) return;
    const ending = new AbortController();
    readTimes(planned, times, ending.signal);
    return () => ending.abort();
  }, [key, isWanted.value, hour]);
  useCalendars();
  const open = calendars.value ?? [];
  if (planned.length + open.length === 0) return null;
  const now = nowCoarse.value;
  const { often, days } = weekOf(planned.map(({ id }) => [id, times.value.get(id) ?? []]), now);
  const hours = hoursOf(open, days);
  return html`
    <section class="panel" aria-labelledby="week">
      <header><h2 id="week">The coming week</h2><span class="note">by the clock of this browser</span></header>
      ${!isWanted.value &&
        html`<p class="empty"><button onClick=${() => isWanted.value = true}>Show the times of ${
          many(planned.length, "schedule")
        }</button></p>`}
      ${open.filter(({ problem }) => problem).map(({ name, problem }) =>
        html`<p key=${name} class="problem-line warn">${plainText(problem, 300)}</p>`
      )}
      ${often.length > 0 &&
        html`<p class="often"><span class="soft">All week:</span> ${
          often.map(({ id, everyMs }) =>
            html`<a key=${id} href=${linkTo("schedules", id)}>${id} <span class="soft">about every ${
              duration(everyMs)
            }</span></a>`
          )
        }</p>`}
      ${isWanted.value &&
        html`<ol class="week">${
          days.map((one) =>
            html`<${Day} key=${one.name} day=${one} hours=${hours.get(one.name)} now=${now} />`
          )
        }</ol>`}
    </section>
  `;
}

function Day({ day: { name, at, entries }, hours, now }) {
  const title = new Date(at).toLocaleDateString("en", { weekday: "long", day: "numeric", month: "short" });
  return html`
    <li class=${name === day(now) ? "today" : ""}>
      <h3>${name === day(now) ? "Today" : title}</h3>
      <${OpenHours} hours=${hours} />
      ${entries.length + hours.length === 0 && html`<p class="faint">nothing</p>`}
      <ul>${entries.map(({ id, at, last, count }) =>
        html`<li key=${`${id} ${at}`}><a href=${linkTo("schedules", id)}><time title=${exactTime(at)}>${
          clockTime(at).slice(0, 5)
        }</time>
          <span>${id}${
          count > 1 && html`
            <span class="soft">${count} times, to ${clockTime(last).slice(0, 5)}</span>
          `
        }</span></a></li>`
      )}</ul>
    </li>
  `;
}

async function readTimes(planned, times, signal) {
  const waiting = [...planned];
  const work = async () => {
    for (let one = waiting.shift(); one && !signal.aborted; one = waiting.shift()) {
      const { id } = one;
      const answer = await call(schedulePath(id, "/next"), { query: { count: COUNT }, signal }).catch(() =>
        undefined
      );
      if (!answer || signal.aborted) continue;
      times.value = new Map(times.value).set(id, answer.times.map(({ utc }) => Date.parse(utc)));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

/**
 * Sorts times into days.
 *
 * @param all `[id, times in ms]` of each schedule, at most `COUNT` times. @param now The time in ms.
 * @returns `often`: those with so many times that they would fill every day, and the `days`.
 */
export function weekOf(all, now) {
  const days = Array.from({ length: DAYS }, (_, index) => {
    const at = new Date(now);
    // By the calendar: with a change of clocks a day has 23 or 25 hours.
    at.setDate(at.getDate() + index);
    return { name: day(at.getTime()), at: at.getTime(), entries: [] };
  });
  const byName = new Map(days.map((one) => [one.name, one]));
  const often = [];
  for (const [id, times] of all) {
    const coming = times.filter((at) => at >= now);
    if (times.length >= COUNT && times.at(-1) < now + DAYS * DAY_MS) {
      often.push({ id, everyMs: (times.at(-1) - times[0]) / (times.length - 1) });
      continue;
    }
    for (const [name, of] of Map.groupBy(coming, day)) {
      const entries = of.length > MAX_ENTRIES
        ? [{ id, at: of[0], last: of.at(-1), count: of.length }]
        : of.map((at) => ({ id, at, count: 1 }));
      byName.get(name)?.entries.push(...entries);
    }
  }
  for (const one of days) one.entries.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  return { often, days };
}
