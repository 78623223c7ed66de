/** The channels: who gets which notifications, the state of each, and a test. */

import { ActionButton } from "../components/action_button.js";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { Problem } from "../store/problem.js";
import { count, duration } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

/** @param about The answer of `GET /api/notifications`. @param onTested Called after a test. */
export function Channels({ about: { file, channels, problems, alerts }, onTested }) {
  return html`
    <section class="panel" aria-labelledby="channels">
      <header><h2 id="channels">Channels</h2><span class="note push"><code>${plainText(
        file,
        200,
      )}</code></span></header>
      ${problems.map((problem) =>
        html`<p key=${problem} class="problem-line bad">${plainText(problem, 400)}</p>`
      )}
      ${channels.length === 0 && html`
        <div class="empty"><strong>No channels yet.</strong>
          <p>Nobody is told when something goes wrong. Describe a channel in this file, then start the service again:</p>
          <pre class="lines example" tabindex="0" role="region" aria-label="Example">${EXAMPLE}</pre></div>
      `}
      <ul>${channels.map((channel) =>
        html`<${Channel} key=${channel.name} channel=${channel} onTested=${onTested} />`
      )}</ul>
      ${alerts.length > 0 && html`
        <h3 class="sub">Alerts on lines</h3>
        <ul>${alerts.map(({ name, pattern, bots, stream, cooldownSeconds }) =>
          html`
            <li key=${name} class="alert">
              <p><strong>${plainText(name, 80)}</strong> <code>${plainText(pattern, 200)}</code></p>
              <p class="soft">of ${bots ? wordsOf(bots) : "all bots and schedules"}${stream
                ? `, only ${stream}`
                : ""}; at most once in ${duration(cooldownSeconds * 1000)}</p>
            </li>
          `
        )}</ul>
      `}
    </section>
  `;
}

const EXAMPLE = "channels:\n  - name: phone\n    type: ntfy\n    topic: berth-4f9c2e7a61";
const wordsOf = (patterns) => patterns.map((one) => plainText(one, 80)).join(", ");

function Channel({ channel: { name, type, host, events, bots, waiting, problem }, onTested }) {
  const test = async () => {
    const path = `/api/notifications/channels/${encodeURIComponent(name)}/test`;
    const sent = await call(path, { method: "POST", what: `test the channel ${name}` });
    onTested();
    if (sent.isDelivered) return "The receiver has taken it.";
    throw new Problem({ code: "channel/refused", detail: `Not delivered: ${plainText(sent.problem, 300)}.` });
  };
  return html`
    <li class="channel">
      <div class="what">
        <p><strong>${plainText(name, 80)}</strong>
          <span class=${problem ? "chip failing" : waiting > 0 ? "chip waiting" : "chip running"}>${problem
            ? "Fails"
            : waiting > 0
            ? "Waiting"
            : "OK"}</span>
          <span class="soft">${type}${host && ` · ${plainText(host, 100)}`}</span></p>
        <p class="soft">${events ? wordsOf(events) : "everything"} · ${bots ? wordsOf(bots) : "all bots"}</p>
        ${problem && html`<p class="bad">${plainText(problem, 300)}</p>`}
        ${waiting > 0 &&
          html`<p class="soft">${count(waiting)} ${waiting === 1 ? "waits" : "wait"} to be delivered</p>`}
      </div>
      <${ActionButton} label="Test" doing="Sending" subject=${plainText(name, 80)} run=${test} />
    </li>
  `;
}
