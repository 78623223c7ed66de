/** A result: its message, metrics, plots and tables. */

import { html } from "../components/html.js";
import { Plot } from "../components/plot.js";
import { asText } from "../text/as_text.js";
import { exact } from "../text/format.js";
import { plainText } from "../text/plain_text.js";

const MAX_ROWS = 200;
const MAX_COLUMNS = 30;

const isObject = (value) => value !== null && typeof value === "object";
/** Reads an own property: a name may be `constructor`. */
const own = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);

/** A value of a metric or of a cell, with its digits. */
export function valueText(value) {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : exact(value);
  if (typeof value === "string") return plainText(value, 300);
  if (value === null || value === undefined) return "–";
  return typeof value === "object"
    ? plainText(Array.isArray(value) ? `[${value.length}]` : "{…}", 20)
    : String(value);
}

/** @param figures See `readFigures()`. @param others The parts that are not drawn. */
export function Figures({ figures, others }) {
  return html`
    ${figures.map((figure) => html`<${Plot} key=${figure.title} ...${figure} />`)}
    ${others.length > 0 &&
      html`<p class="condition">Not drawn: ${
        [...new Set(others.map(({ title, kind }) => `${plainText(kind, 40)} (${plainText(title, 60)})`))]
          .slice(0, 20).join(", ")
      }. Lines, bars and points are.</p>`}
  `;
}

/** @param names Names of the columns. @param metrics Metrics by name, one object a column. */
export function Metrics({ names, metrics }) {
  const rows = [...new Set(metrics.flatMap((one) => Object.keys(one)))];
  if (rows.length === 0) return null;
  return html`
    <section class="panel scrolls" aria-labelledby="metrics" tabindex="0">
      <header>
        <h2 id="metrics">Metrics</h2>
      </header>
      <table class="plain">
        <thead class=${names.length === 1 ? "hidden-label" : ""}>
          <tr><th scope="col">Metric</th>${names.map((name) =>
            html`<th scope="col" class="number">${plainText(name, 60)}</th>`
          )}</tr>
        </thead>
        <tbody>${rows.map((row) =>
          html`<tr key=${row}><th scope="row">${plainText(row, 100)}</th>${
            metrics.map((one) => html`<td class="number">${valueText(own(one, row))}</td>`)
          }</tr>`
        )}</tbody>
      </table>
    </section>
  `;
}

/** @param tables The value of the result's `tables`: rows as lists under `columns`, or as objects. */
export function Tables({ tables }) {
  const given = Array.isArray(tables)
    ? tables.map((one, at) => [one?.name ?? one?.title ?? `Table ${at + 1}`, one])
    : Object.entries(isObject(tables) ? tables : {});
  return given.map(([title, table], at) => html`<${Table} key=${at} title=${title} table=${table} />`);
}

function Table({ title, table }) {
  const rows = Array.isArray(table) ? table : table?.rows ?? table?.data ?? [];
  if (!Array.isArray(rows) || rows.length === 0) return null;
  const isLists = Array.isArray(rows[0]);
  const keys = Array.isArray(table?.columns)
    ? table.columns
    : isLists
    ? rows[0].map((_, at) => at + 1)
    : [...new Set(rows.slice(0, MAX_ROWS).flatMap((row) => (isObject(row) ? Object.keys(row) : [])))];
  const columns = keys.slice(0, MAX_COLUMNS).map(asText);
  const cell = (row, name, at) => (Array.isArray(row) ? row[at] : isObject(row) ? own(row, name) : undefined);
  return html`
    <section class="panel scrolls" aria-label=${plainText(title, 100)} tabindex="0">
      <header><h2>${plainText(title, 100)}</h2><span class="note">${rows.length > MAX_ROWS
        ? `the first ${MAX_ROWS} of ${rows.length} rows`
        : `${rows.length} rows`}</span></header>
      <table class="plain">
        <thead>
          <tr>${columns.map((name) => html`<th scope="col">${plainText(name, 60)}</th>`)}</tr>
        </thead>
        <tbody>${rows.slice(0, MAX_ROWS).map((row, index) =>
          html`<tr key=${index}>${
            columns.map((name, at) => html`<td>${valueText(cell(row, name, at))}</td>`)
          }</tr>`
        )}</tbody>
      </table>
    </section>
  `;
}
