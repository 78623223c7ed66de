/** How many bots are in each group. A counter is a filter, too. */

import { html } from "../components/html.js";
import { bots, groupCounts, isLoaded } from "../store/bots.js";
import { count } from "../text/format.js";
import { GROUPS, stateWord } from "../text/states.js";

export function Counters({ view }) {
  const exits = [...bots.value.values()].reduce((sum, bot) => sum + bot.exits, 0);
  const toggle = (group) => view.group.value = view.group.value === group ? "" : group;
  const order = () => view.order.value = view.order.value === "exits" ? "state" : "exits";
  return html`
    <div class="counters" role="group" aria-label="Filter by state">
      ${["running", ...GROUPS.filter((group) => group !== "running")].map((group) =>
        html`
          <${Counter} key=${group} title=${stateWord(group)} number=${groupCounts.value[group] ?? 0}
            tone=${group} pressed=${view.group.value === group} onClick=${() => toggle(group)} />
        `
      )}
      <${Counter} title="Ends, last hour" number=${exits} tone=${exits > 0 ? "ends" : ""}
        pressed=${view.order.value ===
          "exits"} onClick=${order} hint="Bots that ended by themselves; press to sort by it" />
    </div>
  `;
}

function Counter({ title, number, tone, pressed, onClick, hint }) {
  const tones = number > 0 ? `counter ${tone}` : "counter none";
  return html`
    <button class=${tones} aria-pressed=${pressed} onClick=${onClick} title=${hint}>
      <span>${title}</span><strong>${isLoaded.value ? count(number) : "–"}</strong>
    </button>
  `;
}
