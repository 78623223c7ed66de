/** The revisions of a bot: who, when, what changed, and the way back. */

import { useSignal } from "@preact/signals";
import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { Age } from "../components/time.js";
import { call } from "../store/api.js";
import { plainText } from "../text/plain_text.js";
import { Difference } from "./difference.js";

const SHOWN = 6;

async function rollBack(id, to) {
  const path = `/api/deployments/${encodeURIComponent(id)}/rollback`;
  const { number } = await call(path, {
    method: "POST",
    body: { to },
    what: `roll ${id} back to revision ${to}`,
  });
  return `Revision ${to} is back, as revision ${number}.`;
}

/** @param id Id of the bot. @param revisions As the API gives them, the latest first. */
export function Versions({ id, revisions }) {
  const open = useSignal(undefined);
  const shown = useSignal(SHOWN);
  return html`
    <section class="panel" aria-labelledby="versions">
      <header><h2 id="versions">Versions</h2></header>
      ${revisions.length === 0 && html`<p class="empty">No change of its document was noted.</p>`}
      <ol>${revisions.slice(0, shown.value).map((revision, at) =>
        html`
          <${Version} key=${revision.number} id=${id} revision=${revision} before=${revisions[at + 1]?.number}
            isOpen=${open.value === revision.number} onToggle=${() =>
              open.value = open.value === revision.number ? undefined : revision.number} />
        `
      )}</ol>
      ${revisions.length > shown.value && html`
        <div class="more"><button class="quiet" onClick=${() => shown.value = Infinity}>Show all ${revisions
          .length}</button></div>
      `}
    </section>
  `;
}

function Version({ id, revision, before, isOpen, onToggle }) {
  const { number, at, trigger, actor, version, changes, isCurrent, isRunning, missing, restores } = revision;
  const name = version === undefined ? `revision ${number}` : plainText(version, 40);
  return html`
    <li class="revision">
      <div class="what">
        <p>
          <strong>${name}</strong>
          <span class="faint">revision ${number}</span>
          ${isCurrent && html`<span class="chip plain">deployed</span>`}
          ${isRunning && html`<span class="chip running">Running</span>`}
        </p>
        <p class="soft">${trigger}${restores && ` of revision ${restores}`}${actor &&
          ` by ${plainText(actor, 60)}`}, <${Age} at=${at} /> ago</p>
        ${changes.length > 0 &&
          html`<p class="changes">${changes.map((change) => plainText(change, 200)).join(" · ")}</p>`}
      </div>
      <div class="do">
        ${before !== undefined &&
          html`<button class="quiet" aria-expanded=${isOpen} onClick=${onToggle}>${
            isOpen ? "Hide" : "Compare"
          }</button>`}
        ${!isCurrent &&
          (missing
            ? html`<span class="faint" title=${missing}>No way back</span>`
            : html`<${ActionButton} label=${`Roll back to ${name}`} doing="Rolling back" run=${() =>
              rollBack(id, number)} question=${{
              title: `Roll ${id} back to ${name}?`,
              text:
                `Its document of revision ${number} is written again, as a new revision. If the bot runs, it is told to stop, and starts with that.`,
            }} />`)}
      </div>
      ${isOpen && html`<${Difference} id=${id} from=${before} to=${number} />`}
    </li>
  `;
}
