/** When a bot runs that is limited to the trading sessions of an exchange. */

import { html } from "../components/html.js";
import { ThreeTimes } from "../components/three_times.js";
import { Wait } from "../components/time.js";
import { duration } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const CHIPS = {
  inside: ["running", "In its session"],
  outside: ["disabled", "Outside its session"],
  unknown: ["waiting", "Not known"],
};

/** @param session As the API gives it. */
export function Session({ session }) {
  const { calendar, startSeconds, endSeconds, state, problem, changes } = session;
  const [tone, word] = CHIPS[state];
  return html`
    <section class="panel" aria-labelledby="session">
      <header><h2 id="session">Session</h2><span class="note">${plainText(calendar, 60)}</span>
        <span class=${`chip push ${tone}`}>${word}</span></header>
      ${problem && html`<p class="body warn">${plainText(problem, 300)}</p>`}
      <p class="body soft">Runs from ${offset(startSeconds, "the open")} to ${offset(
        endSeconds,
        "the close",
      )}.</p>
      ${changes.length > 0 && html`
        <ol class="changes-list">${changes.slice(0, 4).map(({ at, to }) =>
          html`
            <li key=${at}><strong>${to === "inside" ? "starts" : "stops"} <${Wait} at=${at} /></strong>
              <${ThreeTimes} at=${at} /></li>
          `
        )}</ol>
      `}
    </section>
  `;
}

const offset = (seconds, edge) =>
  seconds === 0 ? edge : `${duration(Math.abs(seconds) * 1000)} ${seconds < 0 ? "before" : "after"} ${edge}`;
