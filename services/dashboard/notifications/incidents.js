/** Open incidents, in the words of their notifications. */

import { html } from "../components/html.js";
import { Age } from "../components/time.js";
import { many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { subjectLink, Urgency } from "./outcome.js";

/** @param incidents As the API gives them. */
export function Incidents({ incidents }) {
  return html`
    <section class="panel" aria-labelledby="incidents">
      <header><h2 id="incidents">Open incidents</h2><span class="note push">${incidents.length ||
        ""}</span></header>
      ${incidents.length === 0 && html`<p class="empty">No open incidents.</p>`}
      <ul>${incidents.map((incident) => {
        const { kind, bot, guard, severity, since, title, text } = incident;
        const link = subjectLink(incident);
        return html`
          <li key=${`${kind} ${bot} ${guard} ${since}`} class="incident">
            <p><${Urgency} severity=${severity} /> <strong>${link
              ? html`<a href=${link}>${plainText(title, 200)}</a>`
              : plainText(title, 200)}</strong></p>
            <${EventText} text=${text} />
            <p class="faint">${kind} · for <${Age} at=${since} /></p>
          </li>
        `;
      })}</ul>
    </section>
  `;
}

/** Lines of a text that are shown at once. */
const SHOWN = 3;

/** The text of an event: its first lines, and the others folded. */
export function EventText({ text }) {
  const lines = text.split("\n").map((line) => plainText(line, 400));
  const rest = lines.slice(SHOWN);
  if (text === "") return null;
  return html`
    <p class="text">${lines.slice(0, SHOWN).map((line, at) => html`${at > 0 && html`<br />`}${line}`)}</p>
    ${rest.length > 0 && html`
      <details>
        <summary>${many(rest.length, "more line")}</summary>
        <pre class="lines" tabindex="0" role="region" aria-label="More lines">${rest.join("\n")}</pre>
      </details>
    `}
  `;
}
