/** One bot, read from top to bottom like an incident: its state, what follows, what can be done, figures, log, history. */

import { Actions } from "../bot/actions.js";
import { useBot } from "../bot/bot_store.js";
import { Configuration } from "../bot/configuration.js";
import { Ends } from "../bot/ends.js";
import { Figures } from "../bot/figures.js";
import { History } from "../bot/history.js";
import { LogPanel } from "../bot/log_panel.js";
import { Versions } from "../bot/versions.js";
import { useKeys } from "../app/keys.js";
import { go, place } from "../app/router.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { say } from "../components/say.js";
import { Age, Wait } from "../components/time.js";
import { bots, isLoaded } from "../store/bots.js";
import { conditionWords } from "../text/condition.js";
import { plainText } from "../text/plain_text.js";
import { groupOf, stateWord } from "../text/states.js";
import { useEffect } from "preact/hooks";

/** @param id Id of the bot. */
export function BotPage({ id }) {
  useKeys({ Escape: () => go("bots") });
  const store = useBot(id);
  const known = bots.value.get(id);
  const bot = store.bot.value;
  const at = place.value.query.get("at");
  useEffect(() => {
    document.title = `${id} · Berth`;
    return () => document.title = "Berth";
  }, [id]);
  useEffect(() => {
    if (known) say(`${id} is ${stateWord(known.state)}`);
  }, [known?.state]);
  if (isLoaded.value && !known) {
    return html`
      <${Missing} id=${id} problem=${store.problem.value} />
      ${at && html`<${LogPanel} key=${at} id=${id} at=${at} />`}
    `;
  }
  return html`
    <header class="top">
      <a class="back" href="#/bots" aria-label="All bots">←</a>
      <h1>${id}</h1>
      ${known &&
        html`<${StateChip} state=${known.state} />${
          known.version && html`<span class="soft">${plainText(known.version, 40)}</span>`
        }`}
      <div class="push">${bot && html`<${Actions} id=${id} isEnabled=${bot.enabled} />`}</div>
    </header>
    ${known && html`<${Condition} bot=${known} advice=${bot?.advice} />`}
    <${Figures} id=${id} events=${store.events} limits=${bot?.limits} />
    <${LogPanel} key=${at} id=${id} at=${at} />
    ${bot && html`
      <div class="columns">
        <${History} store=${store} />
        <${Ends} id=${id} exits=${bot.exits} />
      </div>
      <div class="columns">
        <${Versions} id=${id} revisions=${store.revisions.value} />
        <${Configuration} bot=${bot} />
      </div>
    `}
  `;
}

function Condition({ bot: { state, condition, since, until, exits, statusText }, advice }) {
  const isTrouble = ["failing", "silent"].includes(groupOf(state));
  return html`
    <p class=${isTrouble ? "condition trouble" : "condition"}>
      ${condition !== state && html`<span>${plainText(conditionWords(condition), 600)}</span>`}
      ${since &&
        html`<span class="soft">${
          condition === state ? `${stateWord(state)} for` : "for"
        }${" "}<${Age} at=${since} /></span>`}
      ${until && html`<span class="soft">next try <${Wait} at=${until} /></span>`}
      ${exits > 0 &&
        html`<span class="soft">ended ${exits === 1 ? "once" : `${exits} times`} within the hour</span>`}
      ${statusText && html`<span>It says: ${plainText(statusText, 300)}</span>`}
      ${advice && html`<span class="advice">${advice}</span>`}
    </p>
  `;
}

const Missing = ({ id, problem }) =>
  html`
    <section class="panel empty">
      <strong>There is no bot ${plainText(id, 140)}.</strong>
      <p>${problem?.advice ?? "It was removed, or it never was."}</p>
      <a class="link" href="#/bots">All bots</a>
    </section>
  `;
