/** The last deliveries: each message, its channel, and its outcome. */

import { html } from "../components/html.js";
import { NotRead } from "../components/not_read.js";
import { exactTime, shortTime } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { EventText } from "./incidents.js";
import { Outcome, subjectLink, Urgency } from "./outcome.js";

/**
 * @param deliveries As the API gives them; absent before they are known. @param late See `useRepeat`.
 * @param onMore Reads earlier ones; absent if there are none.
 */
export function Deliveries({ deliveries, late, onMore }) {
  return html`
    <section class="panel" aria-labelledby="deliveries">
      <header><h2 id="deliveries">Last deliveries</h2><span class="note push">kept for 14 days</span></header>
      <${NotRead} late=${late} />
      ${deliveries?.length === 0 && html`<p class="empty">No deliveries yet.</p>`}
      <ol>${deliveries?.map((one) =>
        html`<${Delivery} key=${`${one.id} ${one.channel}`} delivery=${one} />`
      )}</ol>
      ${onMore && html`<div class="more"><button class="quiet" onClick=${onMore}>Show earlier</button></div>`}
    </section>
  `;
}

function Delivery({ delivery: { channel, outcome, attempts, endedAt, problem, event } }) {
  const at = Date.parse(event.time);
  const link = subjectLink(event);
  return html`
    <li>
      <details class="delivery">
      <summary>
        <time class="soft" datetime=${event.time} title=${exactTime(at)}>${shortTime(at)}</time>
        <${Outcome} outcome=${outcome} />
        <span class="title">${plainText(event.title, 200)}</span>
        <span class="faint">${plainText(channel, 80)}</span>
      </summary>
      <p><${Urgency} severity=${event.severity} state=${event.state} /> <span class="soft">${event
        .kind}</span>
        ${link && html`<a class="link" href=${link}>Open ${plainText(event.bot, 80)}</a>`}</p>
      <${EventText} text=${event.text} />
      ${problem && html`<p class="bad">${plainText(problem, 300)}</p>`}
      <p class="faint">${attempts === 1 ? "tried once" : `tried ${attempts} times`}${endedAt &&
        `, ${outcome === "delivered" ? "taken" : "given up"} at ${shortTime(Date.parse(endedAt))}`}</p>
      </details>
    </li>
  `;
}
