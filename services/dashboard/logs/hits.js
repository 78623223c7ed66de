/** The lines that were found. Only those on the screen exist. */

import { useMemo } from "preact/hooks";
import { linkTo } from "../app/router.js";
import { html } from "../components/html.js";
import { useVirtual } from "../components/virtual.js";
import { exactTime, shortTime } from "../text/format.js";
import { readLine } from "../text/log_text.js";

const ROW_PX = 28;
const PHONE_PX = 64;
const phone = matchMedia("(max-width: 760px)");

/** The place of a line: the log of its bot at that time, its run, or its backtest. */
export function placeOf({ bot, run, time }) {
  if (run === undefined) return `${linkTo("bots", bot)}?at=${encodeURIComponent(time)}`;
  if (/^\d{8}t/.test(run)) return linkTo("backtests", run);
  // A further attempt is in the log of its run.
  const id = `${bot}@${run.replace(/-r\d+$/, "")}`;
  return `${linkTo("schedules", bot)}?run=${encodeURIComponent(id)}`;
}

/** @param hits The lines. @param text The text that was searched for, to mark it; empty for a regular expression. */
export function Hits({ hits, text }) {
  const height = phone.matches ? PHONE_PX : ROW_PX;
  const heights = useMemo(() => Array(hits.length).fill(height), [hits.length, height]);
  const { ref, from, to, before, after } = useVirtual(heights);
  return html`
    <ol class="hits" ref=${ref}>
      ${before > 0 && html`<li aria-hidden="true" style=${{ height: `${before}px` }}></li>`}
      ${hits.slice(from, to).map((hit, at) => html`<${Hit} key=${from + at} hit=${hit} text=${text} />`)}
      ${after > 0 && html`<li aria-hidden="true" style=${{ height: `${after}px` }}></li>`}
    </ol>
  `;
}

function Hit({ hit, text }) {
  const { level = "", parts } = readLine(hit);
  const ms = Date.parse(hit.time);
  return html`
    <li class=${`hit ${hit.stream} ${level}`}>
      <a href=${placeOf(hit)}>
        <time title=${exactTime(ms)}>${shortTime(ms)}:${String(new Date(ms).getSeconds()).padStart(
          2,
          "0",
        )}</time>
        <span class="who">${hit.bot}</span>
        <span class="log-text">${parts.map(({ text: part, classes, color }) =>
          classes || color
            ? html`<span class=${classes} style=${color && { "--own": color }}>${marked(part, text)}</span>`
            : marked(part, text)
        )}</span>
      </a>
    </li>
  `;
}

function marked(part, text) {
  if (text === "" || !part.includes(text)) return part;
  return part.split(text).flatMap((piece, at) => (at === 0 ? [piece] : [html`<mark>${text}</mark>`, piece]));
}
