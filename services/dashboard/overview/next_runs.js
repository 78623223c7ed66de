/** The next and the last runs of the schedules. */

import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { Age, Wait } from "../components/time.js";
import { schedules } from "../store/schedules.js";
import { many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const SHOWN = 6;

export function NextRuns() {
  const all = schedules.value;
  if (all === undefined || all.length === 0) return null;
  const sorted = all.toSorted((a, b) => (a.next ?? "~").localeCompare(b.next ?? "~"));
  return html`
    <section class="panel" aria-labelledby="next-runs">
      <header><h2 id="next-runs">Next runs</h2><span class="note push">${many(
        all.length,
        "schedule",
      )}</span></header>
      <table class="runs">
        <thead class="hidden-label">
          <tr>
            <th>Schedule</th>
            <th>Next</th>
            <th>Last run</th>
          </tr>
        </thead>
        <tbody>${sorted.slice(0, SHOWN).map(({ id, schedule, state, next, lastRun }) =>
          html`
            <tr key=${id}>
              <th scope="row" class="name">${plainText(id, 140)}<small class="faint">${plainText(
                schedule ?? "",
                60,
              )}</small></th>
              <td>${next ? html`<${Wait} at=${next} />` : html`<${StateChip} state=${state} />`}</td>
              <td class="soft">${lastRun ? html`<${LastRun} run=${lastRun} />` : "never ran"}</td>
            </tr>
          `
        )}</tbody>
      </table>
    </section>
  `;
}

const LastRun = ({ run: { state, endedAt, slot, reason } }) =>
  html`
    <span title=${reason && plainText(reason, 300)}><${StateChip} state=${state} /> ${(endedAt ?? slot) &&
      html`<${Age} at=${endedAt ?? slot} /> ago`}</span>
  `;
