/** All backtests, and the start of a new one. */

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { BacktestTable } from "../backtests/backtest_table.js";
import { isOpen } from "../backtests/backtest_path.js";
import { StartForm } from "../backtests/start_form.js";
import { html } from "../components/html.js";
import { NotRead } from "../components/not_read.js";
import { call } from "../store/api.js";
import { useRepeat } from "../store/repeat.js";

const OPEN_MS = 2000;
const REST_MS = 15_000;
const PAGE = 50;
/** The backtests to compare, which stay chosen while another page is open. */
const chosen = signal(new Set());

export function BacktestsPage() {
  const list = useSignal(undefined);
  const shown = useSignal(PAGE);
  const hasMore = useSignal(false);
  useEffect(() => {
    document.title = "Backtests · Berth";
    return () => document.title = "Berth";
  }, []);
  const isAnyOpen = list.value?.some(isOpen) ?? true;
  const late = useRepeat(
    async (signal) => {
      const { backtests, next } = await call("/api/backtests", { query: { limit: shown.value }, signal });
      list.value = backtests;
      hasMore.value = next !== undefined;
    },
    isAnyOpen ? OPEN_MS : REST_MS,
    [isAnyOpen, shown.value],
  );
  return html`
    <header class="top">
      <h1>Backtests</h1>
    </header>
    <${StartForm} />
    ${late && html`
      <section class="panel">
        <${NotRead} late=${late} />
      </section>
    `}
    ${list.value?.length === 0 && html`<section class="panel empty"><strong>No backtests yet.</strong>
      <p>A bot whose <code>bot-config.yaml</code> has an entrypoint <code>backtest</code> can be tested here, with any
        of its stored versions and another configuration.</p></section>`}
    ${list.value?.length > 0 && html`<${BacktestTable} backtests=${list.value} chosen=${chosen} />`}
    ${hasMore.value && shown.value < 1000 &&
      html`<button class="quiet" onClick=${() => shown.value = 1000}>Show more</button>`}
  `;
}
