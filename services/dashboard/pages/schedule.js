/** One schedule: when it runs, and how its runs ended. */

import { useEffect } from "preact/hooks";
import { useKeys } from "../app/keys.js";
import { go } from "../app/router.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { ThreeTimes } from "../components/three_times.js";
import { Wait } from "../components/time.js";
import { RunNow, Switch } from "../schedules/actions.js";
import { Runs } from "../schedules/runs.js";
import { useSchedule } from "../schedules/schedule_store.js";
import { conditionWords } from "../text/condition.js";
import { plainText } from "../text/plain_text.js";

/** @param id Id of the schedule. */
export function SchedulePage({ id }) {
  useKeys({ Escape: () => go("schedules") });
  const store = useSchedule(id);
  const known = store.schedule.value;
  useEffect(() => {
    document.title = `${id} · Berth`;
    return () => document.title = "Berth";
  }, [id]);
  return html`
    <header class="top">
      <a class="back" href="#/schedules" aria-label="All schedules">←</a>
      <h1>${plainText(id, 140)}</h1>
      ${known && html`<${StateChip} state=${known.state} />${
        known.version &&
        html`<span class="soft">${plainText(known.version, 40)}</span>`
      }`}
      ${known && html`
        <div class="push">
          <${RunNow} id=${id} isEnabled=${known.enabled} kind="primary" onRun=${(run) =>
            store.show(run.id)} />
          <${Switch} id=${id} isEnabled=${known.enabled} />
        </div>
      `}
    </header>
    ${store.problem.value &&
      html`<p class="condition trouble">${store.problem.value.message} ${
        store.problem.value.status === 404 && store.runs.value?.length > 0
          ? "It was removed; its runs stay."
          : ""
      }</p>`}
    ${known && html`
      <${Condition} schedule=${known} />
      <${Times} schedule=${known} />
    `}
    ${store.runs.value && html`<${Runs} store=${store} />`}
  `;
}

const Condition = ({ schedule: { state, condition, problem, notes = [] } }) =>
  html`
    ${(problem || !["scheduled", "disabled"].includes(state)) &&
      html`<p class=${problem ? "condition trouble" : "condition"}>${
        plainText(problem ?? conditionWords(condition), 600)
      }</p>`}
    ${notes.map((note) => html`<p key=${note} class="condition warn">${plainText(note, 600)}</p>`)}
  `;

function Times({ schedule: { schedule = "", timezone, times, clockNotes, state } }) {
  if (times.length === 0) return null;
  return html`
    <section class="panel" aria-labelledby="times">
      <header><h2 id="times">Next times</h2><span class="note">${plainText(
        schedule,
        200,
      )}${state === "disabled" ? ", once it is enabled" : ""}</span></header>
      <ol class="times">${times.map(({ utc }) =>
        html`
          <li
            key=${utc}><strong><${Wait} at=${utc} /></strong> <${ThreeTimes} at=${utc} timezone=${timezone} /></li>
        `
      )}</ol>
      ${clockNotes.map((note) => html`<p key=${note} class="clock-note soft">${plainText(note, 300)}</p>`)}
    </section>
  `;
}
