/** How a bot's containers ended, each with its last lines. */

import { html } from "../components/html.js";
import { linkTo } from "../app/router.js";
import { duration, exactTime, shortTime } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

/** How long before an end the log is shown from, in ms. */
const BEFORE_MS = 30_000;

/** @param id Id of the bot. @param exits As the API gives them, the newest first. */
export function Ends({ id, exits }) {
  return html`
    <section class="panel" aria-labelledby="ends">
      <header><h2 id="ends">Ends</h2><span class="note push">the last ten are kept</span></header>
      ${exits.length === 0 && html`<p class="empty">No container of it has ended.</p>`}
      ${exits.map((exit, index) =>
        html`<${End} key=${exit.at} id=${id} exit=${exit} isOpen=${index === 0} />`
      )}
    </section>
  `;
}

function End({ id, exit: { at, startedAt, reason, attempt, lastLines, start }, isOpen }) {
  const end = Date.parse(at);
  const from = new Date(end - BEFORE_MS).toISOString();
  const lasted = end - Date.parse(startedAt);
  const isStopped = reason.startsWith("stopped");
  return html`
    <details class="end" open=${isOpen}>
      <summary>
        <time class="soft" datetime=${at} title=${exactTime(end)}>${shortTime(end)}</time>
        <span class=${isStopped ? "" : "bad"}>${plainText(reason, 300)}</span>
        <span class="faint">after ${duration(lasted)}${attempt > 1 &&
          `, start ${attempt} in a row`}${start?.version &&
          `, version ${plainText(start.version, 40)}`}</span>
      </summary>
      ${lastLines.length > 0
        ? html`<pre class="lines" tabindex="0" role="region" aria-label=${`Last lines before ${
          shortTime(end)
        }`}>${lastLines.map((line) => plainText(line, 400)).join("\n")}</pre>`
        : html`<p class="faint">It printed nothing, or its lines are not near any more.</p>`}
      <p><a href=${`${linkTo("bots", id)}?at=${encodeURIComponent(from)}`}>The log before it</a></p>
    </details>
  `;
}
