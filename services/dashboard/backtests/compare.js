/** Several backtests side by side: a column each, and their curves overlaid. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { linkTo, place } from "../app/router.js";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { plainText } from "../text/plain_text.js";
import { backtestPath, nameOf } from "./backtest_path.js";
import { overlaid, readFigures } from "./read_figures.js";
import { Figures, Metrics } from "./result_view.js";

const MAX_COMPARED = 6;

export function ComparePage() {
  const key = place.value.query.get("ids") ?? "";
  const results = useSignal([]);
  const problems = useSignal([]);
  useEffect(() => {
    const ending = new AbortController();
    readAll(key.split(",").slice(0, MAX_COMPARED), ending.signal).then((read) => {
      if (ending.signal.aborted) return;
      results.value = read.filter(({ problem }) => problem === undefined);
      problems.value = read.filter(({ problem }) => problem !== undefined);
    });
    return () => ending.abort();
  }, [key]);
  const all = results.value;
  const figures = useMemo(() => overlaid(all), [all]);
  return html`
    <header class="top">
      <a class="back" href="#/backtests" aria-label="All backtests">←</a>
      <h1>Compare</h1>
      ${all.map(({ id, name }) =>
        html`<a key=${id} class="link" href=${linkTo("backtests", id)}>${plainText(name, 80)}</a>`
      )}
    </header>
    ${problems.value.map(({ id, problem }) =>
      html`<p key=${id} class="condition trouble">${plainText(id, 60)}: ${problem}</p>`
    )}
    <${Metrics} names=${all.map(({ name }) => name)} metrics=${all.map(({ metrics }) => metrics)} />
    <${Figures} figures=${figures} others=${all.flatMap(({ others }) => others)} />
  `;
}

async function readAll(ids, signal) {
  return await Promise.all(ids.map(async (id, at) => {
    try {
      const [backtest, result] = await Promise.all([
        call(backtestPath(id), { signal }),
        call(backtestPath(id, "/result"), { signal }),
      ]);
      const metrics = result !== null && typeof result?.metrics === "object" ? result.metrics ?? {} : {};
      // Several may have been asked for at once.
      return { id, name: `${at + 1}: ${nameOf(backtest)}`, metrics, ...readFigures(result?.plots) };
    } catch (error) {
      return { id, problem: error.message };
    }
  }));
}
