/** A search over the logs of all bots and schedules, over all time. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { place, setQuery } from "../app/router.js";
import { html } from "../components/html.js";
import { say } from "../components/say.js";
import { Histogram } from "../logs/histogram.js";
import { Hits } from "../logs/hits.js";
import { LogSearch } from "../logs/log_search.js";
import { bots } from "../store/bots.js";
import { schedules } from "../store/schedules.js";
import { many, shortTime } from "../text/format.js";

const HOUR_MS = 3600_000;
const SPANS = [["", "all time"], ["1", "the last hour"], ["24", "the last day"], ["168", "the last week"], [
  "720",
  "the last 30 days",
]];
const WORDS = {
  searching: "searching, the newest day first …",
  done: "all of it is searched",
  stopped: "stopped",
  more: "there is more",
};

/** `/text/` is a regular expression, anything else a part of the line. */
function patternOf(text) {
  const [, regex] = /^\/(.+)\/$/.exec(text) ?? [];
  return regex === undefined ? { q: text } : { regex };
}

export function LogsPage() {
  const { query } = place.value;
  const search = useMemo(() => new LogSearch(), []);
  const text = useSignal(query.get("find") ?? "");
  const ids = useSignal(query.get("bots") ?? "");
  const hours = useSignal(query.get("hours") ?? "");
  const asked = useSignal(undefined);
  const range = useSignal(undefined);
  const begin = () => {
    const find = text.value;
    if (find === "") return;
    setQuery("find", find);
    setQuery("bots", ids.value.trim());
    setQuery("hours", hours.value);
    const now = Date.now();
    const from = hours.value === "" ? undefined : now - Number(hours.value) * HOUR_MS;
    asked.value = { text: find, from, to: from && now };
    range.value = undefined;
    const chosen = ids.value.split(/[\s,]+/).filter(Boolean).join(",");
    search.search({
      ...patternOf(find),
      ...(chosen && { bots: chosen }),
      ...(from && { from: new Date(from).toISOString() }),
    });
  };
  useEffect(() => {
    begin();
    return () => search.stop();
  }, []);
  const state = search.state.value;
  const hits = search.hits.value;
  useEffect(() => {
    if (state !== "idle" && state !== "searching") say(`${many(hits.length, "line")} found, ${WORDS[state]}`);
  }, [state]);
  return html`
    <header class="top">
      <h1>Logs</h1>
    </header>
    <form class="log-search" onSubmit=${(event) => {
      event.preventDefault();
      begin();
    }}>
      <label class="hidden-label" for="find">Search all logs</label>
      <input id="find" type="search" data-find placeholder="Text, or /regular expression/  /" maxlength="1000" autocomplete="off"
        spellcheck="false" value=${text} onInput=${(event) => text.value = event.target.value} />
      <label class="hidden-label" for="log-bots">Only of these bots</label>
      <input id="log-bots" list="log-ids" placeholder="All bots" autocomplete="off" spellcheck="false" value=${ids}
        onInput=${(event) => ids.value = event.target.value} />
      <datalist id="log-ids">${[...bots.value.keys(), ...(schedules.value ?? []).map(({ id }) => id)].map((
        id,
      ) => html`<option key=${id} value=${id} />`)}</datalist>
      <label class="hidden-label" for="log-hours">Time</label>
      <select id="log-hours" onChange=${(event) => hours.value = event.target.value}>${SPANS.map((
        [value, words],
      ) =>
        html`<option key=${value} value=${value} selected=${value === hours.value}>${words}</option>`
      )}</select>
      ${state === "searching"
        ? html`<button type="button" key="stop" onClick=${() => search.stop()}>Stop</button>`
        : html`<button class="primary" key="search">Search</button>`}
    </form>
    ${asked.value && html`<${Found} search=${search} asked=${asked.value} range=${range} />`}
    ${state === "idle" && html`<section class="panel empty"><strong>Find a line in any log.</strong>
      <p>Of every bot and schedule, also of those that were removed. <code>/(?i)error|timeout/</code> is a regular expression.
        Lines of the last seconds are not stored yet; the page of a bot has them.</p></section>`}
  `;
}

function Found({ search, asked, range }) {
  const state = search.state.value;
  const hits = search.hits.value;
  const problem = search.problem.value;
  const zoom = range.value;
  const shown = zoom
    ? hits.filter(({ time }) => Date.parse(time) >= zoom.from && Date.parse(time) < zoom.to)
    : hits;
  const isRegex = patternOf(asked.text).regex !== undefined;
  return html`
    <section class="panel" aria-labelledby="found" aria-busy=${state === "searching"}>
      <header>
        <h2 id="found">${many(hits.length, "line")}</h2>
        <span class="note">${WORDS[state]}</span>
        <div class="push">
          ${zoom &&
            html`<button class="quiet" onClick=${() => range.value = undefined}>${
              many(shown.length, "line")
            } around ${shortTime(zoom.from)} ×</button>`}
          ${state === "more" && html`<button onClick=${() => search.more()}>Search on</button>`}
        </div>
      </header>
      ${problem &&
        html`<p class="problem-line bad" role="status">${problem.message} ${problem.advice ?? ""}</p>`}
      ${hits.length > 0 && html`
        <${Histogram} hits=${hits} from=${asked.from} to=${asked.to} range=${range} />
        <${Hits} hits=${shown} text=${isRegex ? "" : asked.text} />
      `}
      ${hits.length === 0 && state === "done" &&
        html`<p class="empty"><strong>No stored line matches.</strong>
        Upper and lower case differ; <code>/(?i)text/</code> ignores that.</p>`}
    </section>
  `;
}
