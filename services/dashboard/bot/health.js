/** How the watchdog looks after a bot. */

import { html } from "../components/html.js";
import { Age } from "../components/time.js";
import { duration } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const SIGNALS = { output: "a line", metric: "a metric", heartbeat: "a heartbeat" };
const CHIPS = {
  silent: ["silent", "Silent"],
  unhealthy: ["failing", "Unhealthy"],
  ready: ["running", "Ready"],
  running: ["running", "Running"],
};

/** @param health As the API gives it. @param state State of the bot. @param lastOutput When it printed its last line. */
export function Health({ health, state, lastOutput }) {
  const { maxSilenceSeconds, signal, metric, command, intervalSeconds, timeoutSeconds, limit, action } =
    health;
  const [tone, word] = CHIPS[state] ?? ["disabled", "Not watched now"];
  const facts = [
    [
      "Silence",
      maxSilenceSeconds &&
      `at most ${duration(maxSilenceSeconds * 1000)} without ${
        metric === undefined ? SIGNALS[signal] : `the metric ${plainText(metric, 60)}`
      }`,
    ],
    ["Command", command && html`<code>${plainText(command.join(" "), 300)}</code>`],
    [
      "",
      command &&
      `every ${duration(intervalSeconds * 1000)}, at most ${duration(timeoutSeconds * 1000)} long; ${
        limit === 1 ? "one failure counts" : `${limit} failures in a row count`
      }`,
    ],
    ["Then", action === "restart" ? "people are told, and it is restarted" : "people are told"],
    ["Last line", lastOutput && html`<${Age} at=${lastOutput} /> ago`],
  ];
  return html`
    <section class="panel" aria-labelledby="watchdog">
      <header><h2 id="watchdog">Watchdog</h2><span class=${`chip push ${tone}`}>${word}</span></header>
      <dl class="facts body">${facts.filter(([, value]) => value).map(([name, value]) =>
        html`
          <dt>${name}</dt>
          <dd>${value}</dd>
        `
      )}</dl>
    </section>
  `;
}
