/** The output of a run or a backtest: its result and its log, read when somebody looks. */

import { useEffect, useState } from "preact/hooks";
import { request } from "../store/api.js";
import { readObjects } from "../store/read_stream.js";
import { untilWatched } from "../store/watching.js";
import { parseExact } from "../text/exact_json.js";
import { clockTime, exactTime } from "../text/format.js";
import { readLine } from "../text/log_text.js";
import { prettyText } from "../text/plain_text.js";
import { html } from "./html.js";

/** Lines that are read and kept; `berth run-log` has all. */
const MAX_LINES = 1000;

/**
 * @param path Path of the run in the API. @param name Its name, for screen readers.
 * @param isOpen Whether it goes on: then its log is followed. @param hasResult Whether it left a result.
 */
export function Output({ path, name, isOpen, hasResult }) {
  return html`
    <div class="output">
      ${hasResult && html`<${Result} path=${path} name=${name} />`}
      <${Log} path=${path} name=${name} isOpen=${isOpen} />
    </div>
  `;
}

/** @param path See `Output`. @param name See `Output`. */
export function Result({ path, name }) {
  const [text, setText] = useState("Reading the result …");
  useEffect(() => {
    const ending = new AbortController();
    request(`${path}/result`, { signal: ending.signal }).then((response) => response.text()).then(pretty)
      .then(setText, (error) => error.name !== "AbortError" && setText(error.message));
    return () => ending.abort();
  }, [path]);
  return html`
    <h3>Result</h3>
    <pre class="lines" tabindex="0" role="region" aria-label=${`Result of ${name}`}>${text}</pre>
  `;
}

const pretty = (text) => prettyText(parseExact(text));

/** @param path See `Output`. @param name See `Output`. @param isOpen See `Output`. */
export function Log({ path, name, isOpen }) {
  const [{ lines, problem, isRead }, set] = useState({ lines: [], isRead: false });
  useEffect(() => {
    const ending = new AbortController();
    readWhileWatched(path, isOpen, ending.signal, set);
    return () => ending.abort();
  }, [path, isOpen]);
  return html`
    <h3>Log</h3>
    ${problem && html`<p class="bad">${problem}</p>`}
    ${lines.length === 0
      ? html`<p class="faint">${isRead ? "It has printed nothing." : "Reading the log …"}</p>`
      : html`<pre class="lines" tabindex="0" role="region" aria-label=${`Log of ${name}`}>${
        lines.map((line, at) => html`<${Line} key=${at} line=${line} />`)
      }</pre>`}
  `;
}

/** A log that is followed is read again when somebody looks again: until then what was read stays. */
async function readWhileWatched(path, isOpen, signal, set) {
  set({ lines: [], isRead: false });
  let watched;
  do {
    watched = await untilWatched();
    await read(path, isOpen, AbortSignal.any([signal, watched]), set);
  } while (isOpen && watched.aborted && !signal.aborted);
}

async function read(path, isOpen, signal, set) {
  let lines = [];
  let problem;
  const show = (isRead) => set({ lines, problem, isRead });
  try {
    const query = { tail: MAX_LINES, ...(isOpen && { follow: true }) };
    const response = await request(`${path}/log`, { query, signal });
    for await (const found of readObjects(response)) {
      problem = found.find((one) => one.problem)?.problem.detail ?? problem;
      lines = [...lines, ...found.filter(({ text }) => text !== undefined)].slice(-MAX_LINES);
      show(false);
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    problem = error.message;
  }
  show(true);
}

function Line({ line }) {
  const { level = "", parts } = readLine(line);
  const ms = Date.parse(line.time);
  return html`
    <span class=${`output-line ${line.stream} ${level}`}><time title=${exactTime(ms)}>${clockTime(
      ms,
    )}</time><span
      class="log-text">${parts.map(({ text, classes, color }) =>
        classes || color
          ? html`<span class=${classes} style=${color && { "--own": color }}>${text}</span>`
          : text
      )}</span></span>
  `;
}
