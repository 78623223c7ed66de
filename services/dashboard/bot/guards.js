/** The guards of a bot: what holds it, each guard with its value and limit, and the last releases. */

import { useSignal } from "@preact/signals";
import { html } from "../components/html.js";
import { NotRead } from "../components/not_read.js";
import { Age } from "../components/time.js";
import { limitWords, metricOf, valueWords } from "../guards/guard_words.js";
import { Latch } from "../guards/latch.js";
import { readGuards } from "../guards/read_guards.js";
import { botPath } from "../store/api.js";
import { useRepeat } from "../store/repeat.js";
import { exact } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const LOOK_MS = 3000;
const CHIPS = {
  ok: ["running", "Within its limit"],
  waiting: ["waiting", "No number yet"],
  beyond: ["waiting", "Beyond its limit"],
  tripped: ["failing", "Tripped"],
};

/** @param id Id of the bot. @param known The guards that its page knows already. */
export function Guards({ id, known }) {
  const read = useSignal(undefined);
  const look = async (signal) => {
    read.value = await readGuards(botPath(id, "/guards"), signal);
  };
  const late = useRepeat(look, LOOK_MS, [id, known.state]);
  if (read.value === null) return null;
  const { guards = [], latches = [], releases = [] } = read.value ?? known;
  return html`
    <section class="panel" aria-labelledby="guards">
      <header><h2 id="guards">Guards</h2></header>
      <${NotRead} late=${late} />
      ${latches.length > 0 && html`
        <ul>${latches.map((latch) =>
          html`<${Latch} key=${latch.guard} latch=${latch} onReleased=${() => look().catch(() => {})} />`
        )}</ul>
      `}
      <ul>${guards.map((guard) =>
        html`
          <${Guard} key=${guard.name} guard=${guard} release=${releases.find((one) =>
            one.guard === guard.name
          )} />
        `
      )}</ul>
    </section>
  `;
}

function Guard({ guard, release }) {
  const { name, state, value, valueAt, peak, oddity, onMissing, action, latch } = guard;
  const [tone, word] = CHIPS[state];
  return html`
    <li class="guard">
      <p><strong>${plainText(name, 80)}</strong> <span class=${`chip ${tone}`}>${word}</span>
        <span class="value">${value === undefined ? "–" : valueWords(value, guard)}</span></p>
      <p class="soft">${action === "stop" ? "Stops the bot" : "Alerts"} if ${metricOf(guard)} is ${limitWords(
        guard,
      )}${latch && action === "alert" && ", and stays tripped"}${peak !== undefined &&
        `; its peak is ${exact(peak)}`}.
        ${onMissing &&
          ` ${
            onMissing.action === "stop" ? "Stops the bot" : "Alerts"
          } after ${onMissing.afterSeconds} s without a number.`}</p>
      ${valueAt && html`<p class="faint">last number <${Age} at=${valueAt} /> ago</p>`}
      ${oddity !== undefined &&
        html`<p class="warn">Its last value is no number: <code>${plainText(oddity, 100)}</code></p>`}
      ${release &&
        html`<p class="faint">released <${Age} at=${release.at} /> ago by ${plainText(release.by, 60)}: ${
          plainText(release.reason, 300)
        }</p>`}
    </li>
  `;
}
