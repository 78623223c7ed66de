/** The bots that need a person, in words: which bot, why, since when, what follows, the last line, what to do. */

import { useSignal } from "@preact/signals";
import { linkTo } from "../app/router.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { useLastLines } from "../components/last_lines.js";
import { say } from "../components/say.js";
import { Age, Wait } from "../components/time.js";
import { bots, isLoaded } from "../store/bots.js";
import { nowCoarse } from "../store/now.js";
import { conditionWords } from "../text/condition.js";
import { many } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { groupOf } from "../text/states.js";
import { useEffect } from "preact/hooks";

/** Problems that are shown at first. */
const SHOWN = 5;
/** A bot that was started again this short a time ago may end again, in ms. */
const SETTLED_MS = 60_000;
const MAX_LINE = 300;
/** How often the last line is read while the bot does not end, in ms. */
const LOOK_MS = 30_000;

/** Whether a bot needs a person. */
export function needsPerson(bot, now) {
  const group = groupOf(bot.state);
  if (group === "failing" || group === "silent") return true;
  // Otherwise a bot that ends again and again would come and go.
  const isNew = bot.startedAt === undefined || now - Date.parse(bot.startedAt) < SETTLED_MS;
  return (group === "running" || bot.state === "starting") && (bot.attempt ?? 1) > 1 && isNew;
}

export function NeedsYou() {
  const isAll = useSignal(false);
  const found = [...bots.value.values()].filter((bot) => needsPerson(bot, nowCoarse.value))
    .sort((a, b) =>
      (groupOf(a.state) === "silent") - (groupOf(b.state) === "silent") || (a.id < b.id ? -1 : 1)
    );
  const names = found.map(({ id }) => plainText(id, 140)).join(", ");
  useEffect(() => {
    if (isLoaded.value) {
      say(
        found.length === 0
          ? "Nothing needs you"
          : `${many(found.length, "bot needs", "bots need")} you: ${names}`,
      );
    }
  }, [names, isLoaded.value]);
  if (!isLoaded.value) return null;
  if (found.length === 0) {
    return html`
      <p
        class="all-well"><span class="chip running">All well</span> <span class="soft">Nothing needs you.</span></p>
    `;
  }
  const shown = isAll.value ? found : found.slice(0, SHOWN);
  return html`
    <section class="panel" aria-labelledby="needs-you">
      <header><h2 id="needs-you">Needs you</h2><span class="note push">${found.length} of ${bots.value
        .size}</span></header>
      <ul>${shown.map((bot) => html`<${Problem} key=${bot.id} bot=${bot} />`)}</ul>
      ${found.length > shown.length && html`
        <div class="more"><button class="quiet" onClick=${() => isAll.value = true}>Show all ${found
          .length}</button></div>
      `}
    </section>
  `;
}

function Problem({ bot }) {
  const { id, state, condition, since, until, advice, exits } = bot;
  // A bot that ends again and again has new last lines at each end.
  const { lines } = useLastLines(id, 3, LOOK_MS, `${state === "backing-off"} ${exits}`);
  const line = lines?.findLast(({ stream, text }) => stream !== "berth" && text.trim() !== "");
  return html`
    <li class="problem">
      <div class="who">
        <a class="name" href=${linkTo("bots", id)}>${plainText(id, 140)}</a>
        ${since && html`<small class="faint">for <${Age} at=${since} /></small>`}
      </div>
      <div class="what">
        <p><${StateChip} state=${state} /> <span>${whyOf(condition, state)}</span>
          ${until && html`<span class="soft"> · next try <${Wait} at=${until} /></span>`}
          ${exits > 1 && html`<span class="soft"> · ${many(exits, "end")} in an hour</span>`}</p>
        ${line &&
          html`<code class="line" title=${plainText(line.text, 2000)}>${
            plainText(line.text, MAX_LINE)
          }</code>`}
        ${advice && html`<p class="advice">${advice}</p>`}
      </div>
      <a class="button" href=${linkTo("bots", id)} aria-label=${`Open ${plainText(id, 140)}`}>Open</a>
    </li>
  `;
}

/** Returns the reason alone: the chip shows the state, and the wait shows until when. */
function whyOf(condition, state) {
  const [, reason] = /^backing off until \S+ \((.*)\)$/.exec(condition) ?? [];
  if (reason !== undefined) return reason;
  const words = conditionWords(condition).split(" (next try at ")[0];
  const prefix = `${state.replaceAll("-", " ")}: `;
  return words.startsWith(prefix) ? words.slice(prefix.length) : words === state ? "" : words;
}
