/** One bot, from top to bottom like an incident: state, what follows, actions, figures, log, history. */

import { html } from "../components/html.js";
import { StateChip } from "../components/chip.js";
import { Age } from "../components/time.js";
import { useKeys } from "../app/keys.js";
import { go } from "../app/router.js";
import { bots, isLoaded } from "../store/bots.js";
import { conditionWords } from "../text/condition.js";

export function BotPage({ id }) {
  useKeys({ Escape: () => go("bots") });
  const bot = bots.value.get(id);
  if (!bot) {
    return isLoaded.value && html`
      <section
        class="panel empty"><strong>There is no bot ${id}.</strong><a class="link" href="#/">All bots</a></section>
    `;
  }
  return html`
    <header class="top">
      <h1>${id}</h1>
      <${StateChip} state=${bot.state} />
      <span class="soft">${conditionWords(bot.condition)}${bot.since &&
        html`, for <${Age} at=${bot.since} />`}</span>
    </header>
  `;
}
