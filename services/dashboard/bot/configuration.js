/** The settings of a bot: its code, its limits, and its configuration. */

import { html } from "../components/html.js";
import { bytes } from "../text/format.js";
import { plainText, prettyText } from "../text/plain_text.js";

const MEGABYTE = 1024 * 1024;

function factsOf({ document = {}, runtime, restart, limits, labels, start, containerId }) {
  const custom = document.custom ?? {};
  const facts = [
    ["Runtime", runtime],
    ["Code", custom.filePath],
    ["Image", start?.image],
    ["Restart", restart],
    ["Memory", limits && bytes(limits.memoryMb * MEGABYTE)],
    [
      "CPU",
      limits && (limits.cpus === undefined ? `${limits.cpuShares} shares` : `${limits.cpus} processors`),
    ],
    ["Disk", limits?.diskMb && bytes(limits.diskMb * MEGABYTE)],
    ["Network", limits?.network],
    ["Labels", labels && Object.entries(labels).map((pair) => pair.join("=")).join(", ")],
    [
      "Secrets",
      start?.secrets &&
      Object.entries(start.secrets).map(([name, from]) => `${name} from ${from}`).join(", "),
    ],
    ["Container", containerId?.slice(0, 12)],
  ];
  return facts.filter(([, value]) => value !== undefined && value !== "");
}

/** @param bot As the API gives it. */
export function Configuration({ bot }) {
  const { berth, ...own } = bot.document?.config ?? {};
  return html`
    <section class="panel" aria-labelledby="configuration">
      <header><h2 id="configuration">Configuration</h2></header>
      <dl class="facts body">${factsOf(bot).map(([name, value]) =>
        html`
          <dt>${name}</dt>
          <dd>${plainText(value, 300)}</dd>
        `
      )}</dl>
      ${bot.notes?.length > 0 &&
        html`<ul class="notes body">${
          bot.notes.map((note) => html`<li class="warn">${plainText(note, 400)}</li>`)
        }</ul>`}
      <${Json} name="Of the bot" value=${own} />
      ${berth && html`<${Json} name="Of Berth" value=${berth} />`}
    </section>
  `;
}

const Json = ({ name, value }) =>
  html`
    <div class="body json">
      <h3>${name}</h3>
      <pre tabindex="0" role="region" aria-label=${`Configuration, ${name}`}>${prettyText(value)}</pre>
    </div>
  `;
