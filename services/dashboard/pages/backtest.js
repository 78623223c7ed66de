/** One backtest: its progress, its metrics, plots and tables, and its log. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { useKeys } from "../app/keys.js";
import { go } from "../app/router.js";
import { backtestPath, isOpen } from "../backtests/backtest_path.js";
import { Took } from "../backtests/backtest_table.js";
import { ComparePage } from "../backtests/compare.js";
import { readFigures } from "../backtests/read_figures.js";
import { Figures, Metrics, Tables } from "../backtests/result_view.js";
import { ActionButton } from "../components/action_button.js";
import { StateChip } from "../components/chip.js";
import { html } from "../components/html.js";
import { Output } from "../components/output.js";
import { Age } from "../components/time.js";
import { call } from "../store/api.js";
import { useRepeat } from "../store/repeat.js";
import { plainText } from "../text/plain_text.js";

const LOOK_MS = 1000;
const REST_MS = 60_000;

/** @param id Id of the backtest, or `compare`. */
export const BacktestPage = (
  { id },
) => (id === "compare" ? html`<${ComparePage} />` : html`<${One} id=${id} />`);

function One({ id }) {
  useKeys({ Escape: () => go("backtests") });
  const backtest = useSignal(undefined);
  const problem = useSignal(undefined);
  const result = useSignal(undefined);
  const one = backtest.value;
  const isGoing = one === undefined || isOpen(one);
  useRepeat(
    async (signal) => {
      try {
        backtest.value = await call(backtestPath(id), { signal });
        problem.value = undefined;
      } catch (error) {
        if (error.name === "AbortError") throw error;
        problem.value = error.message;
      }
    },
    isGoing ? LOOK_MS : REST_MS,
    [id, isGoing],
  );
  const hasResult = one?.resultStatus === "stored";
  useEffect(() => {
    if (hasResult) {
      call(backtestPath(id, "/result")).then(
        (read) => result.value = read,
        ({ message }) => problem.value = message,
      );
    }
  }, [hasResult]);
  const cancel = async () => {
    backtest.value = await call(backtestPath(id, "/cancel"), {
      method: "POST",
      what: `cancel the backtest ${id}`,
    });
    return "It is told to stop.";
  };
  return html`
    <header class="top">
      <a class="back" href="#/backtests" aria-label="All backtests">←</a>
      <h1>${one ? `Backtest of ${one.bot}` : "Backtest"}</h1>
      ${one &&
        html`<${StateChip} state=${one.state} /><span class="soft">${
          plainText(one.version ?? "", 64)
        }</span>`}
      ${one && isOpen(one) && html`
        <div class="push">
          <${ActionButton} label="Cancel" doing="Cancelling" kind="danger" run=${cancel}
            question=${{
              title: "Cancel this backtest?",
              text: "Its program is told to stop, and there is no result.",
              action: "Cancel the backtest",
            }} />
        </div>
      `}
    </header>
    ${problem.value && html`<p class="condition trouble">${problem}</p>`}
    ${one && html`
      <p class="condition">
        <span class="soft">asked for by ${plainText(one.requestedBy, 60)} <${Age} at=${one
          .queuedAt} /> ago</span>
        ${one.startedAt && html`<span class="soft">took <${Took} backtest=${one} /></span>`}
        ${one.state === "queued" && html`<span>It waits for others to end.</span>`}
        ${one.reason && html`<span>${plainText(one.reason, 400)}</span>`}
      </p>
      ${result.value !== undefined && html`<${Shown} result=${result.value} />`}
      <section class="panel" aria-labelledby="output">
        <header>
          <h2 id="output">Output</h2>
        </header>
        <${Output} path=${backtestPath(id)} name="the backtest" isOpen=${isOpen(
          one,
        )} hasResult=${hasResult} />
      </section>
    `}
  `;
}

function Shown({ result }) {
  const { metrics, plots, tables, message } = result !== null && typeof result === "object" ? result : {};
  const read = useMemo(() => readFigures(plots), [plots]);
  return html`
    ${typeof message === "string" && html`<p class="condition">${plainText(message, 600)}</p>`}
    ${metrics !== null && typeof metrics === "object" &&
      html`<${Metrics} names=${["Value"]} metrics=${[metrics]} />`}
    <${Figures} ...${read} />
    <${Tables} tables=${tables} />
  `;
}
