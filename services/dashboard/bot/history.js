/** The history of a bot, in words: the latest first. */

import { useSignal } from "@preact/signals";
import { html } from "../components/html.js";
import { conditionWords } from "../text/condition.js";
import { clockTime, day, exactTime, shortTime } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const SHOWN = 12;
const TONES = {
  exited: "failing",
  stopped: "disabled",
  started: "running",
  document: "plain",
  gone: "disabled",
};
const WORDS = { exited: "Ended", stopped: "Stopped", started: "Started", document: "Document" };

/** Merges the events that the service remembers with older entries of the database. */
function entriesOf(events, exits, revisions) {
  const first = events[0]?.time ?? "~";
  const earlier = [
    ...exits.filter(({ at }) => at < first).map(({ at, reason, attempt }) => ({
      time: at,
      type: reason.startsWith("stopped") ? "stopped" : "exited",
      text: `${reason} (start ${attempt} in a row)`,
    })),
    ...revisions.filter(({ at }) => at < first).map(({ at, number, trigger, version }) => ({
      time: at,
      type: "document",
      text: `revision ${number}: ${trigger}${version === undefined ? "" : `, version ${version}`}`,
    })),
  ];
  // A condition that only repeats what happened says nothing new.
  const said = events.filter(({ type, state }) =>
    type !== "condition" || !["starting", "running", "stopping", "backing-off"].includes(state)
  );
  return [...said, ...earlier].sort((a, b) => (a.time < b.time ? 1 : -1));
}

/** @param store See `useBot()`. */
export function History({ store }) {
  const shown = useSignal(SHOWN);
  const entries = entriesOf(store.events.value, store.bot.value.exits, store.revisions.value);
  return html`
    <section class="panel" aria-labelledby="history">
      <header><h2 id="history">What happened</h2></header>
      ${entries.length === 0 ? html`<p class="empty">Nothing yet.</p>` : html`
        <ol class="history">${entries.slice(0, shown.value).map(({ time, type, text, state }, at) =>
          html`
            <li key=${`${time} ${at}`}>
              <time class="soft" datetime=${time} title=${exactTime(Date.parse(time))}>${timeOf(
                Date.parse(time),
              )}</time>
              <span class=${`mark ${TONES[type] ?? state}`} aria-hidden="true"></span>
              <span><b>${WORDS[type] ?? ""}</b> ${plainText(
                conditionWords(withoutWord(text, type)),
                400,
              )}</span>
            </li>
          `
        )}</ol>
      `}
      ${entries.length > shown.value && html`
        <div class="more"><button class="quiet" onClick=${() => shown.value += 50}>Show earlier</button></div>
      `}
    </section>
  `;
}

/** Within a day, seconds matter. */
const timeOf = (ms) => day(ms) === day(Date.now()) ? clockTime(ms) : shortTime(ms);

/** Leaves out the first word, which the label before it says already. */
function withoutWord(text, type) {
  return text.replace(
    type === "exited"
      ? /^exited: /
      : type === "stopped"
      ? /^stopped: /
      : type === "started"
      ? /^started ?/
      : /^document /,
    "",
  );
}
