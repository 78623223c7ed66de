/** Every schedule, a row each. */

import { linkTo } from "../app/router.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { ThreeTimes } from "../components/three_times.js";
import { Age, Wait } from "../components/time.js";
import { plainText } from "../text/plain_text.js";
import { RunNow } from "./actions.js";
import { recentRuns } from "./recent_runs.js";
import { Strip } from "./strip.js";

/** @param schedules The schedules, in the order of the rows. @param total How many there are. */
export function ScheduleTable({ schedules, total }) {
  return html`
    <section class="panel" aria-labelledby="all-schedules">
      <header>
        <h2 id="all-schedules">${schedules.length === total ? "All schedules" : "Found"}</h2>
        <span class="note">${schedules.length} of ${total}</span>
      </header>
      <table class="schedules">
        <thead><tr>
          <th scope="col">Schedule</th>
          <th scope="col">Next</th>
          <th scope="col">Last run</th>
          <th scope="col">Last 50 runs</th>
          <th><span class="hidden-label">Actions</span></th>
        </tr></thead>
        <tbody>${schedules.map((schedule) =>
          html`<${Row} key=${schedule.id} schedule=${schedule} />`
        )}</tbody>
      </table>
      ${schedules.length === 0 && html`<p class="empty"><strong>No schedule matches.</strong></p>`}
    </section>
  `;
}

function Row({ schedule: { id, state, condition, schedule, timezone, next, lastRun, enabled, problem } }) {
  return html`
    <tr>
      <th scope="row" class="name"><a href=${linkTo("schedules", id)}>${plainText(id, 140)}</a>
        <small class="faint">${plainText(schedule ?? "", 80)}</small></th>
      <td class="next">${state === "scheduled" && next
        ? html`<strong><${Wait} at=${next} /></strong><${ThreeTimes} at=${next} timezone=${timezone} />`
        : html`<${StateChip} state=${state} title=${condition} /> ${
          problem &&
          html`<small class="why">${plainText(problem, 200)}</small>`
        }`}</td>
      <td class="last-run">${lastRun && html`<${LastRun} run=${lastRun} />`}</td>
      <td class="outcomes">
        <${Strip} runs=${recentRuns.value.get(id) ?? (lastRun ? [lastRun] : [])} />
      </td>
      <td class="do">${!problem && html`<${RunNow} id=${id} isEnabled=${enabled} />`}</td>
    </tr>
  `;
}

const LastRun = ({ run: { scheduleId, id, state, finishedAt, slot, reason } }) =>
  html`
    <a href=${`${linkTo("schedules", scheduleId)}?run=${encodeURIComponent(id)}`}
      title=${reason && plainText(reason, 300)}><${StateChip} state=${state} /></a>
    <small class="soft"><${Age} at=${finishedAt ?? slot} /> ago</small>
  `;
