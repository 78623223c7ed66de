/** The overview: what needs a person, every bot, what runs next, and the state of the service. */

import { part } from "../components/boundary.js";
import { html } from "../components/html.js";
import { bots, isLoaded, trouble } from "../store/bots.js";
import { useRepeat } from "../store/repeat.js";
import { measureAll } from "../store/usage.js";
import { BotTable } from "../overview/bot_table.js";
import { Counters } from "../overview/counters.js";
import { Fleet } from "../overview/fleet.js";
import { useView } from "../overview/view.js";
import { NeedsYou } from "../overview/needs_you.js";
import { NextRuns } from "../overview/next_runs.js";
import { ThisService } from "../overview/this_service.js";

/** The engine is asked about every container, so not too often. */
const MEASURE_MS = 10_000;

export function OverviewPage() {
  const view = useView();
  useRepeat(measureAll, MEASURE_MS);
  return html`
    <header class="top">
      <h1>Bots</h1>
      <div class="find push">
        <label class="hidden-label" for="find">Find bots</label>
        <input id="find" type="search" data-find placeholder="Find a name, a version, a label …  /"
          autocomplete="off"
          spellcheck="false" value=${view.text} onInput=${(event) => view.text.value = event.target.value} />
      </div>
    </header>
    ${trouble.value && html`
      <div class="banner bad"
        role="alert"><strong>The bots are not looked after.</strong> <span>${trouble}</span></div>
    `}
    ${isLoaded.value && bots.value.size === 0 ? html`<${NoBots} />` : html`
      <${Counters} view=${view} />
      ${part("What needs you", html`<${NeedsYou} />`)}
      ${part("The list of bots", html`<${BotTable} view=${view} />`)}
    `}
    ${part("The guards", html`<${Fleet} />`)}
    <div class="columns">
      ${part("The next runs", html`<${NextRuns} />`)}
      ${part("The service", html`<${ThisService} />`)}
    </div>
  `;
}

const NoBots = () =>
  html`
    <section class="panel empty">
      <strong>No bots yet.</strong>
      <p><code>berth init my-bot</code> makes one, <code>berth deploy my-bot</code> starts it. It then appears here by itself.</p>
    </section>
  `;
