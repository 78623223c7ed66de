/** Starts a backtest from the deployed code of a bot, or from a stored version. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go } from "../app/router.js";
import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { botPath, call } from "../store/api.js";
import { bots } from "../store/bots.js";
import { schedules } from "../store/schedules.js";
import { plainText } from "../text/plain_text.js";

export function StartForm() {
  const bot = useSignal("");
  const versions = useSignal([]);
  const version = useSignal("");
  const config = useSignal("");
  useEffect(() => {
    versions.value = [];
    version.value = "";
    if (bot.value === "") return;
    const ending = new AbortController();
    call(botPath(bot.value, "/versions"), { signal: ending.signal })
      .then((answer) => versions.value = answer.versions, () => {});
    return () => ending.abort();
  }, [bot.value]);
  const ids = [...bots.value.keys(), ...(schedules.value ?? []).map(({ id }) => id)].sort();
  const names = [...new Set(versions.value.map((one) => one.version))];
  const start = async () => {
    if (bot.value === "") throw new Error("Choose a bot first.");
    const started = await call("/api/backtests", {
      method: "POST",
      body: {
        bot: bot.value,
        ...(version.value !== "" && { version: version.value }),
        ...(config.value.trim() !== "" && { config: config.value }),
      },
      what: `start a backtest of ${bot.value}`,
    });
    go("backtests", started.id);
    return "It is queued.";
  };
  return html`
    <section class="panel" aria-labelledby="start-backtest">
      <header>
        <h2 id="start-backtest">Start a backtest</h2>
      </header>
      <div class="start-form">
        <label>Bot
          <select id="backtest-bot" onChange=${(event) => bot.value = event.target.value}>
            <option value="">choose …</option>
            ${ids.map((id) => html`<option key=${id} value=${id}>${id}</option>`)}
          </select></label>
        <label>Version
          <select id="backtest-version" onChange=${(event) => version.value = event.target.value}>
            <option value="">the deployed one</option>
            ${names.map((name) => html`<option key=${name} value=${name}>${plainText(name, 64)}</option>`)}
          </select></label>
        <label class="config">Configuration
          <textarea id="backtest-config" rows="1" spellcheck="false" placeholder=${'that of the bot, or JSON: { "fast": 5 }'}
            value=${config} onInput=${(event) => config.value = event.target.value}></textarea></label>
        <${ActionButton} label="Start" doing="Starting" kind="primary" run=${start} />
      </div>
    </section>
  `;
}
