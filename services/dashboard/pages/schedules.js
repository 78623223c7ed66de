/** All schedules: when each runs next, how its last runs ended, and the coming week. */

import { useSignal } from "@preact/signals";
import { part } from "../components/boundary.js";
import { html } from "../components/html.js";
import { useRecentRuns } from "../schedules/recent_runs.js";
import { ScheduleTable } from "../schedules/schedule_table.js";
import { Week } from "../schedules/week.js";
import { schedules } from "../store/schedules.js";

export function SchedulesPage() {
  const text = useSignal("");
  useRecentRuns();
  const all = schedules.value;
  if (all?.length === 0) {
    return html`
      <h1 class="top">Schedules</h1>
      <${NoSchedules} />
      ${part("The week", html`<${Week} schedules=${[]} />`)}
    `;
  }
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (all ?? []).filter(({ id, schedule = "" }) =>
    words.every((word) => `${id} ${schedule}`.toLowerCase().includes(word))
  );
  found.sort((a, b) =>
    rank(a) - rank(b) || (a.next ?? "").localeCompare(b.next ?? "") || (a.id < b.id ? -1 : 1)
  );
  return html`
    <header class="top">
      <h1>Schedules</h1>
      <div class="find push">
        <label class="hidden-label" for="find">Find schedules</label>
        <input id="find" type="search" data-find placeholder="Find a name or an expression …  /"
          autocomplete="off"
          spellcheck="false" value=${text} onInput=${(event) => text.value = event.target.value} />
      </div>
    </header>
    ${all && html`
      <${ScheduleTable} schedules=${found} total=${all.length} />
      ${part("The week", html`<${Week} schedules=${all} />`)}
    `}
  `;
}

/** Schedules that need a person come first, then those that run next. */
const rank = ({ state }) => ["invalid", "scheduled", "disabled", "finished"].indexOf(state);

const NoSchedules = () =>
  html`
    <section class="panel empty">
      <strong>No schedules yet.</strong>
      <p>A bot whose <code>bot-config.yaml</code> has a <code>schedule</code>, such as <code>schedule: "@daily"</code>, runs at
        its times after <code>berth deploy</code>. It then appears here by itself.</p>
    </section>
  `;
