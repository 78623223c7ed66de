/** Every bot, a row each: only the rows on the screen exist. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { useKeys } from "../app/keys.js";
import { go, linkTo } from "../app/router.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { LastLines } from "../components/last_lines.js";
import { Spark } from "../components/spark.js";
import { Age } from "../components/time.js";
import { useVirtual } from "../components/virtual.js";
import { bots, isLoaded } from "../store/bots.js";
import { usage } from "../store/usage.js";
import { conditionWords } from "../text/condition.js";
import { bytes, exact, percent } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { labelNames, useRows } from "./view.js";

const COLUMNS = [
  { name: "name", title: "Bot" },
  { name: "state", title: "State" },
  { name: "since", title: "Since" },
  { name: "version", title: "Version", wide: true },
  { name: "exits", title: "Ends, 1 h", wide: true, isNumber: true },
  { name: "cpu", title: "CPU", wide: true, isNumber: true },
  { name: "memory", title: "Memory", wide: true, isNumber: true },
  { title: "Trend", wide: true },
];

const HEADING_PX = 36;
const LINES_PX = 190;

const phone = matchMedia("(max-width: 760px)");

export function BotTable({ view }) {
  const { rows, open } = useRows(view);
  const all = rows.value;
  const rowPx = phone.matches ? 56 : 40;
  const heights = useMemo(
    () => all.map(({ bot, lines }) => (bot ? rowPx : lines ? LINES_PX : HEADING_PX)),
    [all, rowPx],
  );
  const { ref, tops, from, to, before, after } = useVirtual(heights);
  const chosen = useSignal(-1);
  const toFocus = useRef(false);
  const step = (by) => {
    const indexes = all.flatMap(({ bot }, at) => (bot ? [at] : []));
    if (indexes.length === 0) return;
    const at = indexes.findIndex((index) => index === chosen.value);
    const next = indexes[Math.max(0, Math.min(indexes.length - 1, at < 0 ? 0 : at + by))];
    chosen.value = next;
    toFocus.current = true;
    showRow(ref.current, tops[next], tops[next + 1]);
  };
  const toggle = (id) => open.value = open.value === id ? undefined : id;
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    Enter: () => all[chosen.value]?.bot && go("bots", all[chosen.value].bot.id),
    o: () => all[chosen.value]?.bot && toggle(all[chosen.value].bot.id),
  }, [all, tops]);
  useEffect(() => {
    if (!toFocus.current) return;
    const link = ref.current?.querySelector(`[data-row="${chosen.value}"] a`);
    if (!link) return;
    toFocus.current = false;
    link.focus({ preventScroll: true });
  });
  return html`
    <section class="panel" aria-labelledby="all-bots">
      <header>
        <h2 id="all-bots">${view.group.value === "" && view.text.value === "" ? "All bots" : "Found"}</h2>
        <span class="note">${all.filter(({ bot }) => bot).length} of ${bots.value.size}</span>
        <div class="push"><${GroupBy} view=${view} /></div>
      </header>
      <table class="bots" aria-rowcount=${all.length + 1}>
        <thead><tr aria-rowindex="1">${COLUMNS.map((column) =>
          html`<${Heading} key=${column.title} ...${column} view=${view} />`
        )}
          <th class="last"><span class="hidden-label">Last lines</span></th></tr></thead>
        <tbody ref=${ref}>
          ${before > 0 && html`<tr aria-hidden="true" style=${{ height: `${before}px` }}></tr>`}
          ${all.slice(from, to).map((row, index) =>
            html`
              <${Row} key=${keyOf(row)} row=${row} at=${from + index} isOpen=${row.bot !== undefined &&
                row.bot.id === open.value}
                isChosen=${chosen.value === from + index} onToggle=${toggle} />
            `
          )}
          ${after > 0 && html`<tr aria-hidden="true" style=${{ height: `${after}px` }}></tr>`}
        </tbody>
      </table>
      ${isLoaded.value && all.length === 0 && html`<p class="empty"><strong>No bot matches.</strong>
        <button class="quiet" onClick=${() => {
        view.text.value = "";
        view.group.value = "";
      }}>Show all</button></p>`}
    </section>
  `;
}

const keyOf = ({ bot, lines, heading }) =>
  bot ? `bot ${bot.id}` : lines ? `lines ${lines.id}` : `heading ${heading}`;

/** Scrolls the page until a row is in sight. */
function showRow(body, top, bottom) {
  const offset = body.getBoundingClientRect().top;
  const margin = 90;
  if (offset + top < margin) scrollBy(0, offset + top - margin);
  else if (offset + bottom > innerHeight - margin) scrollBy(0, offset + bottom - innerHeight + margin);
}

function GroupBy({ view }) {
  if (labelNames.value.length === 0) return null;
  return html`
    <label class="soft" for="group-by">Group by</label>
    <select id="group-by" value=${view.label} onChange=${(event) => view.label.value = event.target.value}>
      <option value="">nothing</option>
      ${labelNames.value.map((name) =>
        html`<option value=${name} selected=${name === view.label.value}>${plainText(name, 40)}</option>`
      )}
    </select>
  `;
}

function Heading({ name, title, wide, isNumber, view }) {
  const classes = [wide && "wide", isNumber && "number", name ?? "trend"].filter(Boolean).join(" ");
  if (!name) return html`<th class=${classes} scope="col">${title}</th>`;
  const isOrder = view.order.value === name;
  const direction = isOrder ? (name === "name" || name === "state" ? "ascending" : "descending") : undefined;
  return html`
    <th class=${classes} scope="col" aria-sort=${direction}>
      <button class="sort" onClick=${() => view.order.value = name}>${title}${isOrder &&
        html`<span aria-hidden="true">${direction === "ascending" ? "↑" : "↓"}</span>`}</button>
    </th>
  `;
}

function Row({ row, at, isOpen, isChosen, onToggle }) {
  if (row.heading !== undefined) {
    return html`
      <tr class="heading" aria-rowindex=${at + 2}>
        <th colspan="9" scope="colgroup">${plainText(row.heading, 80)} <span class="faint">${row.bots
          .length}</span></th>
      </tr>
    `;
  }
  if (row.lines) {
    return html`
      <tr class="opened" aria-rowindex=${at + 2}>
        <td colspan="9">
          <${LastLines} id=${row.lines.id} count=${8} version=${row.lines.exits} />
        </td>
      </tr>
    `;
  }
  const { bot } = row;
  const { id, state, condition, since, version, exits, labels = {}, enabled } = bot;
  const used = usage.value.get(id);
  return html`
    <tr data-row=${at} class=${isChosen ? "chosen" : ""} aria-rowindex=${at + 2}>
      <th scope="row" class="name">
        <div><a href=${linkTo("bots", id)}>${plainText(
          id,
          140,
        )}</a><${Labels} labels=${labels} /></div>
      </th>
      <td class="state">
        <${StateChip} state=${state} title=${conditionWords(condition)} />
      </td>
      <td class="since soft">${since && html`<${Age} at=${since} />`}</td>
      <td class="wide version soft" title=${version}>${plainText(version ?? "–", 40)}</td>
      <td class=${exits > 0 ? "wide number warn" : "wide number faint"}>${exits}</td>
      <td class="wide number">${used?.cpu === undefined
        ? html`<span class="faint">–</span>`
        : percent(used.cpu)}</td>
      <td class="wide number" title=${used?.limit && `of ${bytes(used.limit)}`}>${used
        ? bytes(used.memory)
        : html`<span class="faint">–</span>`}</td>
      <td class="wide trend">${enabled && html`<${Trend} bot=${bot} used=${used} />`}</td>
      <td class="last"><button class="quiet expand" aria-expanded=${isOpen} aria-label=${`Last lines of ${
        plainText(id, 140)
      }`}
        onClick=${() => onToggle(id)}>${isOpen ? "▾" : "▸"}</button></td>
    </tr>
  `;
}

const Labels = ({ labels }) =>
  html`
    <span class="labels">${Object.entries(labels).slice(0, 3).map(([name, value]) =>
      html`<span class="label" title=${`${name}=${value}`}>${plainText(value, 24)}</span>`
    )}</span>
  `;

function Trend({ bot: { id, headline }, used }) {
  if (headline && headline.values.length > 1) {
    const name = headline.field === "value" ? headline.type : `${headline.type} ${headline.field}`;
    const last = headline.values.at(-1);
    return html`
      <div class="trend-cell" title=${`${plainText(name, 60)}: ${exact(last)}`}>
        <${Spark} values=${headline.values} label=${`${plainText(name, 60)} of ${id}, last ${exact(last)}`} />
        <span>${exact(last)}<small>${plainText(name, 24)}</small></span>
      </div>
    `;
  }
  if (!used || used.curve.length < 2) return null;
  return html`
    <div
      class="trend-cell"><${Spark} values=${used
        .curve} fromZero label=${`CPU of ${id}`} /><span><small>CPU</small></span></div>
  `;
}
