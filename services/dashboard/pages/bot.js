/** One bot, read from top to bottom like an incident: its state, what follows, what can be done, figures, log, history. */

import { Actions } from "../bot/actions.js";
import { useBot } from "../bot/bot_store.js";
import { Guards } from "../bot/guards.js";
import { Health } from "../bot/health.js";
import { Session } from "../bot/session.js";
import { Configuration } from "../bot/configuration.js";
import { Ends } from "../bot/ends.js";
import { Figures } from "../bot/figures.js";
import { History } from "../bot/history.js";
import { LogPanel } from "../bot/log_panel.js";
import { Versions } from "../bot/versions.js";
import { useKeys } from "../app/keys.js";
import { go, place } from "../app/router.js";
import { part } from "../components/boundary.js";
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
      <h1>${plainText(id, 140)}</h1>
      ${known &&
        html`<${StateChip} state=${known.state} />${
          known.version && html`<span class="soft">${plainText(known.version, 40)}</span>`
        }`}
      <div class="push">${bot && html`<${Actions} id=${id} isEnabled=${bot.enabled} />`}</div>
    </header>
    ${known && html`<${Condition} bot=${known} advice=${bot?.advice} />`}
    ${!bot && store.problem.value &&
      html`<p class="condition trouble">${plainText(store.problem.value.message, 600)}</p>`}
    ${bot && html`<${Watched} bot=${bot} state=${known?.state} />`}
    ${part("The figures", html`<${Figures} id=${id} events=${store.events} limits=${bot?.limits} />`)}
    ${part("The log", html`<${LogPanel} key=${at} id=${id} at=${at} />`)}
    ${bot && html`
      <div class="columns">
        ${part("What happened", html`<${History} store=${store} />`)}
        ${part("The ends", html`<${Ends} id=${id} exits=${bot.exits} />`)}
      </div>
      <div class="columns">
        ${part("The versions", html`<${Versions} id=${id} revisions=${store.revisions.value} />`)}
        ${part("The configuration", html`<${Configuration} bot=${bot} />`)}
      </div>
    `}
  `;
}

/** The guards and health checks that watch it; nothing for a bot without. */
function Watched({ bot, state }) {
  const { id, guards, latches, session, health, lastOutput } = bot;
  if (!guards && !latches && !session && !health) return null;
  return html`
    <div class="columns">
      ${(guards || latches) &&
        part("The guards", html`<${Guards} id=${id} known=${bot} />`)}
      ${session && part("The session", html`<${Session} session=${session} />`)}
      ${health &&
        part("The watchdog", html`<${Health} health=${health} state=${state} lastOutput=${lastOutput} />`)}
    </div>
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
      ${until &&
        html`<span class="soft">${
          state === "outside-session" ? "starts" : "next try"
        } <${Wait} at=${until} /></span>`}
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
