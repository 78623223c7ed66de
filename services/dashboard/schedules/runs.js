/** The runs of a schedule: how each ended and why, its log and its result. */

import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { Output } from "../components/output.js";
import { Age } from "../components/time.js";
import { duration, exactTime, shortTime } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { stateWord } from "../text/states.js";

const STATES = ["claimed", "running", "succeeded", "failed", "timed-out", "skipped"];

/** @param store See `useSchedule()`. */
export function Runs({ store }) {
  const runs = store.runs.value;
  const open = store.open.value;
  return html`
    <section class="panel" aria-labelledby="runs">
      <header>
        <h2 id="runs">Runs</h2>
        <div class="push">
          <label class="hidden-label" for="run-state">State of the runs</label>
          <select id="run-state" onChange=${(event) => store.select(event.target.value)}>
            <option value="">all states</option>
            ${STATES.map((state) =>
              html`<option key=${state} value=${state}>${stateWord(state).toLowerCase()}</option>`
            )}
          </select>
        </div>
      </header>
      ${runs?.length === 0 &&
        html`<p class="empty"><strong>${
          store.state.value === "" ? "It never ran." : "No run matches."
        }</strong></p>`}
      <ol class="run-list">${(runs ?? []).map((run) =>
        html`<${Run} key=${run.id} run=${run} isOpen=${run.id === open} onToggle=${() =>
          store.show(run.id === open ? undefined : run.id)} />`
      )}</ol>
      ${store.next.value &&
        html`<div class="more"><button class="quiet" onClick=${store.earlier}>Show earlier runs</button></div>`}
    </section>
  `;
}

function Run({ run, isOpen, onToggle }) {
  const { id, slot, state, reason, origin, attempt, requestedBy, durationMs, exitCode, startLagMs, version } =
    run;
  const at = Date.parse(slot);
  const isGoing = state === "claimed" || state === "running";
  const facts = [
    origin,
    requestedBy && `by ${plainText(requestedBy, 60)}`,
    attempt > 1 && `attempt ${attempt}`,
    startLagMs >= 1000 && `started ${duration(startLagMs)} late`,
    durationMs !== undefined &&
    `took ${durationMs < 10_000 ? `${(durationMs / 1000).toFixed(1)} s` : duration(durationMs)}`,
    exitCode !== undefined && exitCode !== 0 && `exit code ${exitCode}`,
    version && plainText(version, 40),
  ];
  return html`
    <li class="run">
      <button class="run-head" aria-expanded=${isOpen} onClick=${onToggle}>
        <span class="fold" aria-hidden="true">${isOpen ? "▾" : "▸"}</span>
        <time title=${exactTime(at)}>${shortTime(at)}</time>
        <${StateChip} state=${state} />
        <span class="soft facts-line">${facts.filter(Boolean).join(" · ")}</span>
        <span class="faint"><${Age} at=${slot} /> ago</span>
        ${reason && html`<span class="reason">${plainText(reason, 400)}</span>`}
      </button>
      ${isOpen &&
        (state === "skipped" ? html`<p class="output soft">It was not started, so it has no log.</p>` : html`
          <${Output} path=${`/api/runs/${encodeURIComponent(id)}`} name=${`the run of ${shortTime(at)}`}
            isOpen=${isGoing} hasResult=${run.resultStatus === "stored"} />
        `)}
    </li>
  `;
}
